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
  /// The first beside the others when this width has room, else one behind the other.
  void arrange(int width);
  /// A layout of an earlier session; views that it does not know yet come behind the others. False when it
  /// cannot be read.
  bool restore(const QByteArray& layout, const QStringList& known);
  /// The layout as the user made it, also while the views are stacked.
  QByteArray layout() const;
  /// For want of room: all behind each other, until there is room again.
  void setStacked(bool stacked);
  /// Shows the view, puts it in front of those it lies behind and gives it the keyboard.
  void goTo(Dock* dock);
  /// The same by the view's id.
  void goTo(const QString& viewId);
  /// "attention/stage=weights" and so on, to be remembered.
  QStringList optionValues() const;
  void setOptionValues(const QStringList& values);

  /// Asks for formats, size and folder, and writes every view there, with progress and a way to cancel.
  void exportAll();

  bool eventFilter(QObject* watched, QEvent* event) override;

 signals:
  void measuringProposed(bool start);
  void branchProposed(const decodescope::Selection& at, decodescope::TokenId token);
  void strikeProposed(const decodescope::Selection& at, const decodescope::StrikeOffer& offer);
  void message(const QString& text, bool isError);

 private:
  void childEvent(QChildEvent* event) override;
  void takeProposal(const Selection& proposed);
  void present();
  void stack();
  void markTabsSoon();
  void markTabs();

  SessionController& m_controller;
  std::vector<Dock*> m_docks;
  std::vector<ViewWidget*> m_views;
  double m_scale = 1;  ///< of the theme
  bool m_marking = false;
  bool m_stacked = false;
  Dock* m_front = nullptr;  ///< raised once the tabs are there
  QByteArray m_spread;      ///< the layout before the views were stacked
};

}  // namespace decodescope
