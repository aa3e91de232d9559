#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/view.h"
#endif
#include "views/theme.h"

#include <QMainWindow>

#include <vector>

namespace decodescope {

class Dock;
class SessionController;
class ViewWidget;

/// The middle of the window: one dock for each row of the view registry, which tile, tab and float.
class ViewDocks : public QMainWindow {
  Q_OBJECT

 public:
  explicit ViewDocks(SessionController& controller, QWidget* parent = nullptr);

  void applyTheme(const Theme& theme);
  const std::vector<Dock*>& docks() const { return m_docks; }
  void setTitlesShown(bool shown);
  /// The view that the pointer or the keyboard used last; nullptr when none is shown.
  ViewWidget* activeView() const;
  /// Side by side when there is room, else one behind the other.
  void arrange(int width);
  /// "attention/stage=weights" and so on, to be remembered.
  QStringList optionValues() const;
  void setOptionValues(const QStringList& values);

  /// Asks for formats, size and folder, and writes every view there, with progress and a way to cancel.
  void exportAll();

  bool eventFilter(QObject* watched, QEvent* event) override;

 signals:
  void branchProposed(const decodescope::Selection& at, decodescope::TokenId token);
  void strikeProposed(const decodescope::Selection& at, const decodescope::StrikeOffer& offer);
  void message(const QString& text, bool isError);

 private:
  void childEvent(QChildEvent* event) override;
  void takeProposal(const Selection& proposed);
  void present();

  SessionController& m_controller;
  std::vector<Dock*> m_docks;
  std::vector<ViewWidget*> m_views;
  double m_scale = 1;  ///< of the theme
};

}  // namespace decodescope
