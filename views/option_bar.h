#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/view.h"
#endif

#include <QString>
#include <QToolBar>

#include <vector>

namespace decodescope {

/// A view's options as menus, sliders and fields.
class OptionBar : public QToolBar {
  Q_OBJECT

 public:
  explicit OptionBar(const QString& title, QWidget* parent = nullptr);
  /// What it was made of is replaced.
  void setOptions(const std::vector<ViewOption>& options);
  /// With all of its first text, whether or not that is shown.
  QSize sizeHint() const override;

 signals:
  /// This option is to have this value. Not to be answered by setOptions() at once: what was chosen from
  /// would go while it still speaks.
  void chosen(const QString& id, const QString& value);
  /// The same, from a menu, whose button still names the value of before.
  void chosenFromMenu(const QString& id, const QString& value);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  /// A tool bar shows its first button however narrow it is: then without the setting's name, or shortened.
  void fitFirst();
  void addChoice(const ViewOption& option);
  void addSlider(const ViewOption& option);
  void addField(const ViewOption& option);

  QString m_firstText;   ///< "Show: Weights"; "" when the first option is no menu
  QString m_firstValue;  ///< "Weights"
};

}  // namespace decodescope
