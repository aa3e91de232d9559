#pragma once

#include "app/banner.h"
#ifndef Q_MOC_RUN  // moc 6.4 cannot read the concepts of libstdc++ 12
#include "app/settings.h"
#include "core/decode/session_worker.h"
#endif
#include "views/theme.h"

#include <QMainWindow>

#include <functional>

class QFileDialog;
class QLabel;
class QMenu;

namespace decodescope {

class ArchitectureMap;
class Dock;
class ElidedLabel;
class Inspector;
class LaneEditor;
class RaceDialog;
class RunBar;
class SessionController;
class TokenStrip;
class Transport;
class ViewDocks;

/// The window: puts the parts together and keeps what is remembered. What happens to a run is the
/// controller's.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow(SessionController& controller, Settings& settings);
  /// Joins the worker first.
  ~MainWindow() override;

  /// Opens what the last session had open, the default model the first time, or `model` when it is not empty.
  /// `tokenizer`: chosen for that model, "": what was chosen before, or its own.
  void openFirstModel(const QString& model, const QString& tokenizer = {});
  /// A folder or a file. `prompt` null: the model's own.
  void openModel(const QString& path, const QString& prompt = {});
  void applyTheme();
  const Banner& banner() const { return *m_banner; }

 protected:
  void closeEvent(QCloseEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  enum class Command { none, openRemembered, open, restart };

  void buildParts();
  void buildMenus();
  void buildGoToMenu(QMenu* menu);
  void buildThemeMenu(QMenu* menu);
  void buildEditMenu(QMenu* edit);
  void buildCompareMenu(QMenu* menu);
  void fillOtherModelMenu();
  void fillDeriveMenu();
  void measureLanes(bool start);
  void connectLanes();
  /// Lanes of these models in place of all there are, the first one first.
  void compareModels(const QStringList& paths, const QString& name);
  void addAwaitedLanes();
  void showRace();
  void fillRecentMenu();
  void buildRotaryMenu(QMenu* menu);
  void open(const SessionWorker::OpenRequest& request);
  /// A dialog for model files that says what is in the marked one.
  QFileDialog* modelDialog(const QString& title);
  void showLoading();
  void showProgress();
  /// A new model's, and that it has no tokenizer.
  void showWarnings(const LoadedModel& model);
  /// `anyway`: what opens it all the same.
  void askWhetherTooLarge(std::function<void()> anyway);
  SessionWorker::OpenRequest requestFor(const QString& path, const QString& prompt) const;
  void dropOldMessage();
  /// Asks for another tokenizer for a model, and opens it with that.
  void chooseTokenizer(const QString& model);
  void openWithTokenizer(const QString& model, const QString& tokenizer);
  void buildTokenizerMenu(QMenu* menu);
  Banner::Action tokenizerAction(const std::string& model);
  void restoreLayout();
  void fitToSize();
  void fitTo(double room);
  void setSidesHidden(bool hidden);
  void setLow(bool low);
  void editPrompt();
  void chooseModelFile();
  void exportView();
  void startPrompt(const QString& prompt);
  void switchModel(const QString& path);
  void onRunStarted(bool newModel);
  void onFailed(const QString& message);
  void onSlow();
  static QString firstHint();
  void showHint();
  void offerModels(Banner::Kind kind, const QString& text);
  void suggestPrompts(Banner::Kind kind, const QString& text);
  void refreshModels();
  void refreshStatus();
  void zoom(int direction);
  void showAbout();

  SessionController& m_controller;
  Settings& m_settings;
  Theme m_theme;
  bool m_systemDark = false;
  bool m_layoutRestored = false;
  bool m_sidesHidden = false;
  double m_room = 1e9;         ///< unscaled pixels of width that the bars were fitted to
  bool m_low = false;          ///< no room for every bar
  QList<Dock*> m_hiddenSides;  ///< by us, for want of room
  Command m_command = Command::none;
  bool m_usesDefaultPrompt = false;
  SessionWorker::OpenRequest m_request;  ///< the newest
  QString m_outlineShown;                ///< path of the model whose outline the status bar has told

  LaneEditor* m_lanes;
  QStringList m_lanesAfterOpen;  ///< models to stand beside the one that is being opened
  QString m_nameAfterOpen;
  RaceDialog* m_race = nullptr;

  RunBar* m_runBar;
  TokenStrip* m_tokens;
  Banner* m_banner;
  ViewDocks* m_views;
  ArchitectureMap* m_map;
  Inspector* m_inspector;
  Transport* m_transport;
  Dock* m_mapDock;
  Dock* m_inspectorDock;
  ElidedLabel* m_costs;
  ElidedLabel* m_otherCosts;
  QMenu* m_recentMenu = nullptr;
  QMenu* m_otherModelMenu = nullptr;
  QMenu* m_deriveMenu = nullptr;
};

}  // namespace decodescope
