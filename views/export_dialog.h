#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/export.h"
#endif

#include <QDialog>

#include <optional>
#include <vector>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QRadioButton;

namespace decodescope {

/// What the user wants to take along, and how large. Remembered while the program runs.
struct ExportChoice {
  std::vector<ExportFormat> formats{ExportFormat::png};  ///< at least one
  bool inMillimetres = false;                            ///< else as large as on the screen
  double widthMm = 160;
  double fontPt = 9;
  double dpi = 300;
  bool dark = false;

  /// The figure: the canvas' own size, or what the millimetres say.
  FigureSize figure(const QSize& onScreen, double scale) const;

  friend bool operator==(const ExportChoice&, const ExportChoice&) = default;
};

/// Asks for the format, the size and the colours of an export; for several formats where all views go into a
/// folder.
class ExportDialog : public QDialog {
  Q_OBJECT

 public:
  enum class Kind { oneView, allViews };
  ExportDialog(Kind kind, const QString& title, const QSize& onScreen, double scale,
               QWidget* parent = nullptr);

  ExportChoice choice() const;
  void setChoice(const ExportChoice& choice);

  /// Shows the dialog with what was chosen last. Nothing when it was cancelled.
  static std::optional<ExportChoice> ask(Kind kind, const QString& title, const QSize& onScreen, double scale,
                                         QWidget* parent);

 private:
  void addFormats();
  void addSize();
  void refresh();

  Kind m_kind;
  QSize m_onScreen;
  double m_scale;
  QComboBox* m_format = nullptr;      ///< of one view
  std::vector<QCheckBox*> m_formats;  ///< of all views
  QWidget* m_figure = nullptr;        ///< size and colours: not for tables
  QRadioButton* m_asOnScreen = nullptr;
  QRadioButton* m_inMillimetres = nullptr;
  QDoubleSpinBox* m_width = nullptr;
  QDoubleSpinBox* m_font = nullptr;
  QDoubleSpinBox* m_dpi = nullptr;
  QComboBox* m_colours = nullptr;
  QLabel* m_dots = nullptr;
  QPushButton* m_accept = nullptr;
};

}  // namespace decodescope
