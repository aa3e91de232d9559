#include "app/inspector.h"

#include "app/inspector_text.h"
#include "app/session_controller.h"

#include <QScrollBar>
#include <QTextOption>
#include <QTimer>

namespace decodescope {

Inspector::Inspector(SessionController& controller, QWidget* parent)
    : QTextBrowser(parent), m_controller(controller) {
  setAccessibleName(tr("Inspector"));
  setFrameShape(QFrame::NoFrame);
  setOpenLinks(false);
  setUndoRedoEnabled(false);
  setTabChangesFocus(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  setPlaceholderText(tr("Point at a number to see how it was made."));
  connect(&m_controller, &SessionController::snapshotChanged, this, &Inspector::refreshSoon);
  connect(&m_controller, &SessionController::selectionChanged, this, &Inspector::refreshSoon);
}

void Inspector::applyTheme(const Theme& theme) {
  m_theme = theme;
  setFont(theme.font);
  document()->setDefaultFont(theme.font);
  document()->setDocumentMargin(theme.px(10));
  refreshSoon();
}

void Inspector::showEvent(QShowEvent* event) {
  QTextBrowser::showEvent(event);
  refreshSoon();
}

void Inspector::refreshSoon() {
  if (m_pending) return;
  m_pending = true;
  QTimer::singleShot(0, this, &Inspector::refresh);
}

void Inspector::refresh() {
  m_pending = false;
  if (!isVisible()) return;
  const RunSnapshot* run = m_controller.run();
  const int scrolled = verticalScrollBar()->value();
  if (run) {
    setHtml(inspectorHtml(*run, m_controller.selection(), m_theme));
  } else {
    clear();
  }
  verticalScrollBar()->setValue(scrolled);
}

}  // namespace decodescope
