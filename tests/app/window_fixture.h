#pragma once

#include "app/main_window.h"
#include "app/session_controller.h"
#include "app/settings.h"
#include "core/model/model_config.h"
#include "tests/support/paths.h"

#include <QString>

#include <functional>
#include <gtest/gtest.h>
#include <memory>

namespace decodescope::test {

/// Sizes and kinds of a folder with random weights, a word-level tokenizer and a card with three prompts.
struct FolderModel {
  int layers = 2;
  int heads = 4;
  int kvHeads = 2;
  int headDim = 8;
  int context = 256;
  bool vanilla = false;  ///< post-norm, LayerNorm, learned positions, ReLU
};
void writeModelFolder(const std::string& folder, const FolderModel& shape);

/// Turns the event loop until `done` holds; false when it does not within half a minute.
bool waitFor(const std::function<bool()>& done);

/// An empty settings folder, bundled models `tales-a` (the default), `tales-b` and `other`, and a window on
/// demand.
class WindowTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  QString modelPath(const QString& name) const;
  /// Shows a window that opens `model`, "" as the program does without an argument.
  void openWindow(const QString& model = {});
  /// Same, and waits until its first run has come to rest.
  void openWindowAndWait(const QString& model = {});
  void closeWindow();
  bool waitForSteps(int steps);
  int shownStep() const { return m_controller->selection().step.value; }
  template <class Widget>
  Widget* find(const char* accessibleName) const {
    for (Widget* widget : m_window->findChildren<Widget*>()) {
      if (widget->accessibleName() == QLatin1String(accessibleName)) return widget;
    }
    return nullptr;
  }
  void press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier);

  TemporaryDir m_folder;
  std::unique_ptr<Settings> m_settings;
  std::unique_ptr<SessionController> m_controller;
  std::unique_ptr<MainWindow> m_window;
};

}  // namespace decodescope::test
