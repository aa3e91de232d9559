#include "app/inspector.h"

#include "app/inspector_text.h"
#include "app/session_controller.h"

#include <QClipboard>
#include <QGuiApplication>
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
  setTextInteractionFlags(Qt::TextBrowserInteraction);
  connect(this, &QTextBrowser::anchorClicked, this, &Inspector::follow);
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

void Inspector::follow(const QUrl& link) {
  if (link.scheme() == QLatin1String("element")) {
    m_element = link.path().toInt();
    refreshSoon();
    return;
  }
  const RunSnapshot* run = m_controller.run();
  if (!run || link.scheme() != QLatin1String("code")) return;
  const Selection& selection = m_controller.selection();
  const std::optional<Explanation> explanation =
      explain(*run, inspectedCell(*run, selection, m_element), run->tokensSeenAt(selection.step));
  if (!explanation) return;
  const bool torch = link.path() == QLatin1String("torch");
  QGuiApplication::clipboard()->setText(
      QString::fromStdString(torch ? torchCode(*explanation) : numpyCode(*explanation)));
  emit message(tr("Copied the %1 code of %2")
                   .arg(torch ? QStringLiteral("PyTorch") : QStringLiteral("NumPy"),
                        QString::fromStdString(explanation->name)));
}

void Inspector::refresh() {
  m_pending = false;
  if (!isVisible()) return;
  const RunSnapshot* run = m_controller.run();
  const int scrolled = verticalScrollBar()->value();
  if (run) {
    const Selection& selection = m_controller.selection();
    if (selection.site != m_site) m_element = -1;
    m_site = selection.site;
    setHtml(inspectorHtml(*run, selection, m_element, m_theme));
  } else {
    clear();
  }
  verticalScrollBar()->setValue(scrolled);
}

}  // namespace decodescope
