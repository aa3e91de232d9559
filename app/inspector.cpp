#include "app/inspector.h"

#include "app/inspector_text.h"
#include "app/session_controller.h"
#include "views/number_place.h"

#include <QClipboard>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QMenu>
#include <QScrollBar>
#include <QTextOption>
#include <QTimer>

#include <algorithm>

namespace decodescope {
namespace {

/// Writing a page takes as long as painting a view: while the pointer or the slider moves, this often is
/// enough to read along.
constexpr qint64 kMillisecondsBetweenPages = 80;

}  // namespace

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
  connect(&m_controller, &SessionController::explainedChanged, this, &Inspector::refreshSoon);
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
  const qint64 since = m_sinceWritten.isValid() ? m_sinceWritten.elapsed() : kMillisecondsBetweenPages;
  QTimer::singleShot(static_cast<int>(std::max<qint64>(0, kMillisecondsBetweenPages - since)), this,
                     &Inspector::refresh);
}

std::optional<Explanation> Inspector::explanation() const {
  const RunSnapshot* run = m_controller.run();
  if (!run) return std::nullopt;
  const NumberPlace place = m_controller.explained();
  if (place.derived) return *place.derived;
  const std::optional<Cell> cell = inspectedCell(*run, place);
  return cell ? explain(*run, *cell, run->tokensSeenAt(place.row.step)) : std::nullopt;
}

void Inspector::follow(const QUrl& link) {
  const RunSnapshot* run = m_controller.run();
  if (!run) return;
  if (link.scheme() == QLatin1String("back")) return goBack();
  if (link.scheme() == QLatin1String("code")) return copyCode(link.path() == QLatin1String("torch"));
  if (link.scheme() == QLatin1String("element")) return m_controller.chooseElement(link.path().toInt());
  const std::optional<Cell> cell = linkedCell(link);
  if (!cell) return;
  m_visited.push_back(m_controller.explained());
  m_controller.goTo(placeOf(*run, *cell, m_controller.selection()));
  m_followedTo = m_controller.explained();
}

void Inspector::goBack() {
  if (m_visited.empty()) return;
  const NumberPlace place = m_visited.back();
  m_visited.pop_back();
  m_controller.goTo(place);
  m_followedTo = m_controller.explained();
}

void Inspector::copyCode(bool torch) {
  const std::optional<Explanation> e = explanation();
  if (!e) return;
  QGuiApplication::clipboard()->setText(QString::fromStdString(torch ? torchCode(*e) : numpyCode(*e)));
  emit message(
      tr("Copied the %1 code of %2")
          .arg(torch ? QStringLiteral("PyTorch") : QStringLiteral("NumPy"), QString::fromStdString(e->name)));
}

void Inspector::moveAlongRow(int by) {
  const RunSnapshot* run = m_controller.run();
  if (!run) return;
  const NumberPlace now = m_controller.explained();
  if (now.derived) return;
  const std::optional<Cell> cell = inspectedCell(*run, now);
  if (!cell) return;
  NumberPlace place = placeOf(*run, *cell, now.row);
  place.position = now.position;
  if (place.element < 0) {
    place.row.key = Position{place.row.key.value + by};
  } else {
    place.element += by;
  }
  const std::optional<Cell> moved = inspectedCell(*run, place);
  if (!moved || place.row.key.value < 0) return;
  if (place.element >= 0) {
    m_controller.chooseElement(placeOf(*run, *moved, now.row).element);
  } else {
    m_controller.goTo(place);
  }
}

void Inspector::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Back)) return goBack();
  if (event->modifiers() == Qt::NoModifier && event->key() == Qt::Key_Left) return moveAlongRow(-1);
  if (event->modifiers() == Qt::NoModifier && event->key() == Qt::Key_Right) return moveAlongRow(1);
  QTextBrowser::keyPressEvent(event);
}

void Inspector::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  const bool explains = explanation().has_value();
  menu.addAction(tr("Copy as NumPy"), this, [this] { copyCode(false); })->setEnabled(explains);
  menu.addAction(tr("Copy as PyTorch"), this, [this] { copyCode(true); })->setEnabled(explains);
  menu.addSeparator();
  menu.addAction(tr("Copy the selected text"), this, &QTextEdit::copy)
      ->setEnabled(textCursor().hasSelection());
  menu.addAction(tr("Back"), this, &Inspector::goBack)->setEnabled(!m_visited.empty());
  menu.exec(event->globalPos());
}

void Inspector::refresh() {
  m_pending = false;
  if (!isVisible()) return;
  const RunSnapshot* run = m_controller.run();
  if (!run) {
    m_shown.clear();
    m_visited.clear();
    return clear();
  }
  const NumberPlace place = m_controller.explained();
  if (place.row.site != m_followedTo.row.site || place.row.step != m_followedTo.row.step) m_visited.clear();
  const QString html = inspectorHtml(*run, place, m_theme, !m_visited.empty());
  if (html == m_shown) return;
  m_shown = html;
  m_sinceWritten.start();
  const int scrolled = verticalScrollBar()->value();
  // Laid out once: not also while it is empty, without the scroll bar.
  document()->setLayoutEnabled(false);
  setHtml(html);
  document()->setLayoutEnabled(true);
  verticalScrollBar()->setValue(scrolled);
}

}  // namespace decodescope
