#pragma once

#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "views/export_batch.h"
#include "views/view.h"
#endif

#include <QString>
#include <QStringList>
#include <QWidget>

#include <memory>
#include <optional>

class QMenu;
class QScrollArea;
class QToolButton;

namespace decodescope {

class LanesView;
class OptionBar;
class ViewCanvas;

/// Hosts any View in a window: its options as a tool bar, its picture below; mouse, keyboard, tool tips,
/// clipboard and export. The widget owns no selection: what the user points at is proposed, and shown when
/// the owner presents it.
///
/// Pointing proposes (until a click has locked the selection), a click proposes and locks, a click on the
/// locked place or Escape unlocks. Arrows move; + − 0 and the wheel zoom, dragging pans, a double click shows
/// everything again.
class ViewWidget : public QWidget {
  Q_OBJECT

 public:
  explicit ViewWidget(const ViewInfo& info, QWidget* parent = nullptr);
  ~ViewWidget() override;

  const ViewInfo& info() const { return m_info; }
  View& view();
  QString title() const;  ///< translated
  /// Its options and what it can be taken along as. Above the picture until the owner puts it somewhere else.
  QWidget* header() const { return m_header; }

  void present(const SessionSnapshotPtr& session, const Selection& selection);
  void setTheme(const Theme& theme);

  /// "stage=weights" and so on, to be remembered.
  QStringList optionValues() const;
  /// Unknown ids and values are ignored.
  void setOptionValues(const QStringList& values);

  /// The call of `decodescope render` that draws what is shown.
  QString command() const;
  /// The view as it stands, by itself: what happens to the window later does not change it.
  ExportItem exportItem() const;
  QSize pictureSize() const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 public slots:
  void copyPicture();
  void copyData();
  void copyCommand();
  /// Asks for format, size and file, and writes the view there. The suffix of the file's name decides.
  void exportAs();

 signals:
  void selectionProposed(const decodescope::Selection& selection);
  /// The pointer is on this number, or on none any more.
  void numberPointed(const std::optional<decodescope::NumberPlace>& place);
  /// A click on this number; what it selects has been proposed before.
  void numberChosen(const decodescope::NumberPlace& place);
  void optionsChanged();
  /// A click asked for the lanes to be measured, or (false) for that to stop.
  void measuringProposed(bool start);
  /// A click asked to decode on from this step with another token than the one that was picked.
  void branchProposed(const decodescope::Selection& at, decodescope::TokenId token);
  /// Its menu asked to write every view into a folder.
  void exportAllRequested();
  /// A click or a menu entry asked for a what-if: these heads and rows out of the attention from there on.
  void strikeProposed(const decodescope::Selection& at, const decodescope::StrikeOffer& offer);
  /// Something that the user should be told, in one line: "Saved FILE", or why it could not be.
  void message(const QString& text, bool isError);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void connectParts();
  void buildToolBar();
  QToolButton* makeExportButton();
  void rebuildToolBarSoon();
  void chooseOption(const QString& id, const QString& value);
  void showContextMenu(const QPoint& globalPosition, const std::optional<Hit>& place);
  /// The selection of the session, with the options as they are now.
  void showPresented();
  /// The options and whether the picture needs scrolling may have changed with what is presented.
  void fitToLanes();
  void addActions(QMenu& menu);

  const ViewInfo& m_info;
  std::unique_ptr<LanesView> m_view;
  Theme m_theme;
  SessionSnapshotPtr m_session;
  Selection m_selection;
  QWidget* m_header = nullptr;
  OptionBar* m_toolBar = nullptr;
  QToolButton* m_export = nullptr;
  const void* m_toolBarOf = nullptr;  ///< the model that it was built for
  QStringList m_offered;              ///< the tool bar's options
  QScrollArea* m_scroll = nullptr;
  ViewCanvas* m_canvas = nullptr;
};

}  // namespace decodescope
