#include "app/architecture_map.h"

#include "app/format.h"
#include "app/session_controller.h"
#include "views/text_fit.h"

#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QLabel>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollArea>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace decodescope {

ArchitectureDiagram::ArchitectureDiagram(SessionController& controller, QWidget* parent)
    : QWidget(parent), m_controller(controller) {
  setAccessibleName(tr("Architecture map"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setWhatsThis(
      tr("The model as its configuration says. A click shows an operation; the context menu runs to "
         "it."));
}

void ArchitectureDiagram::applyTheme(const Theme& theme) {
  m_theme = theme;
  m_shown.reset();
  rebuild();
}

void ArchitectureDiagram::refresh() {
  rebuild();
  const int current = currentNode();
  if (current != m_current && current >= 0) {
    emit currentMoved(m_layout.nodes[static_cast<std::size_t>(current)].box);
  }
  if (current != m_current) {
    m_mark = -1;
    update();
  }
  m_current = current;
  describe();
}

/// For screen readers: the operation that the keyboard is on.
void ArchitectureDiagram::describe() {
  const int index = markedNode();
  setAccessibleDescription(m_controller.run() && index >= 0
                               ? toolTipOf(m_layout.nodes[static_cast<std::size_t>(index)])
                               : tr("Nothing is open."));
}

ArchitectureDiagram::Shown ArchitectureDiagram::shown() const {
  const RunSnapshot& run = *m_controller.run();
  const Selection& selection = m_controller.selection();
  const double available = parentWidget() ? parentWidget()->height() : height();
  return {
      run.runId,    run.tokensSeenAt(selection.step), selection.layer.value, size(), available, m_theme.dark,
      m_theme.scale};
}

void ArchitectureDiagram::rebuild() {
  const RunSnapshot* run = m_controller.run();
  if (!run) {
    m_layout = {};
    m_shown.reset();
    setMinimumHeight(0);
    update();
    return;
  }
  // Pointing at a view leaves the map as it is.
  const Shown next = shown();
  if (next == m_shown) return;
  m_shown = next;
  m_layout = layoutArchitecture(run->model->config(), next.tokens, width(), next.available, m_theme);
  setMinimumHeight(static_cast<int>(std::ceil(m_layout.height)));
  update();
}

void ArchitectureDiagram::resizeEvent(QResizeEvent*) {
  rebuild();
}

int ArchitectureDiagram::nodeAt(QPointF point) const {
  for (std::size_t i = 0; i < m_layout.nodes.size(); ++i) {
    if (m_layout.nodes[i].box.adjusted(-1, -1, 1, 1).contains(point)) return static_cast<int>(i);
  }
  return -1;
}

int ArchitectureDiagram::currentNode() const {
  return m_controller.run() ? m_layout.find(m_controller.selection().site) : -1;
}

void ArchitectureDiagram::selectNode(int index) {
  if (index < 0 || index >= static_cast<int>(m_layout.nodes.size())) return;
  Selection next = m_controller.selection();
  next.site = m_layout.nodes[static_cast<std::size_t>(index)].site;
  m_controller.select(next);
}

void ArchitectureDiagram::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const RunSnapshot* run = m_controller.run();
  if (!run || !m_shown) {
    painter.fillRect(rect(), m_theme.background);
    painter.setFont(m_theme.font);
    painter.setPen(m_theme.faintText);
    painter.drawText(rect().adjusted(8, 8, -8, -8), Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap,
                     tr("The model's operations will stand here."));
    return;
  }
  Shown shapes = *m_shown;
  shapes.tokens = shapes.layer = 0;  // words alone
  m_shapes.paint(painter, QRectF(rect()), m_theme.background, shapes,
                 [this](QPainter& into) { paintShapes(into); });
  painter.setFont(m_theme.sized(11, QFont::DemiBold));
  painter.setPen(m_theme.text);
  const QRectF frame = m_layout.layerFrame;
  const double headerLeft = m_layout.streamX + m_theme.px(18);
  const QRectF header(headerLeft, frame.top(), frame.right() - m_theme.px(8) - headerLeft,
                      m_layout.headerHeight);
  drawFitted(painter, header, Qt::AlignVCenter | Qt::AlignLeft,
             tr("layer %1").arg(m_controller.selection().layer.value));
  painter.setPen(m_theme.faintText);
  painter.setFont(m_theme.sized(11));
  drawFitted(painter, header, Qt::AlignVCenter | Qt::AlignRight,
             tr("× %1").arg(run->model->config().numHiddenLayers));
  for (int i = 0; i < static_cast<int>(m_layout.nodes.size()); ++i) {
    if (i == m_hovered || i == currentNode()) paintBox(painter, i, true);
    paintWords(painter, i);
  }
  const int marked = markedNode();
  if (!hasFocus() || marked < 0) return;
  const double gap = m_theme.px(2), radius = m_theme.px(6);
  painter.setPen(QPen(m_theme.accent, m_theme.px(1.4), m_mark >= 0 ? Qt::SolidLine : Qt::DotLine));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(m_layout.nodes[static_cast<std::size_t>(marked)].box.adjusted(-gap, -gap, gap, gap),
                          radius, radius);
}

void ArchitectureDiagram::paintShapes(QPainter& painter) const {
  painter.setRenderHint(QPainter::Antialiasing);
  const int layers = m_controller.run()->model->config().numHiddenLayers;
  const QRectF frame = m_layout.layerFrame;
  const double radius = m_theme.px(6);
  // More than one layer looks like a stack of sheets.
  for (int sheet = std::min(layers - 1, 2); sheet >= 1; --sheet) {
    painter.setPen(m_theme.line);
    painter.setBrush(mixed(m_theme.panel, m_theme.text, 0.03 * sheet));
    const double shift = m_theme.px(2) * sheet;
    painter.drawRoundedRect(frame.adjusted(shift, shift, shift, shift), radius, radius);
  }
  painter.setPen(m_theme.line);
  painter.setBrush(m_theme.panel);
  painter.drawRoundedRect(frame, radius, radius);

  const QColor flow = mixed(m_theme.line, m_theme.text, 0.35);
  painter.setPen(QPen(flow, m_theme.px(2.4), Qt::SolidLine, Qt::RoundCap));
  for (const QLineF& line : m_layout.stream) painter.drawLine(line);
  painter.setPen(QPen(flow, m_theme.px(1.2)));
  for (const QLineF& line : m_layout.lines) painter.drawLine(line);
  const double tip = m_theme.px(3.5);
  for (const QLineF& arrow : m_layout.arrows) {
    painter.setPen(QPen(flow, m_theme.px(1.2)));
    painter.drawLine(arrow);
    if (arrow.length() < tip) continue;
    const QPointF along = (arrow.p2() - arrow.p1()) / arrow.length() * tip;
    const QPointF across(-along.y() * 0.7, along.x() * 0.7);
    QPainterPath head(arrow.p2());
    head.lineTo(arrow.p2() - along + across);
    head.lineTo(arrow.p2() - along - across);
    head.closeSubpath();
    painter.fillPath(head, flow);
  }
  for (std::size_t i = 0; i < m_layout.nodes.size(); ++i) paintBox(painter, static_cast<int>(i), false);
}

void ArchitectureDiagram::paintBox(QPainter& painter, int index, bool lit) const {
  const MapNode& node = m_layout.nodes[static_cast<std::size_t>(index)];
  const bool current = lit && index == currentNode();
  const bool hovered = lit && index == m_hovered;
  QColor tint = m_theme.faintText;
  if (node.tint == MapNode::Tint::query) tint = m_theme.query;
  if (node.tint == MapNode::Tint::key) tint = m_theme.key;
  if (node.tint == MapNode::Tint::value) tint = m_theme.value;
  QColor fill = node.tint == MapNode::Tint::none ? m_theme.background : mixed(m_theme.background, tint, 0.16);
  QColor edge = mixed(m_theme.line, tint, node.tint == MapNode::Tint::none ? 0.2 : 0.7);
  if (hovered) fill = mixed(fill, m_theme.text, 0.08);
  if (current) fill = edge = m_theme.accent;
  const double radius = m_theme.px(4);
  if (node.kind == MapNode::Kind::add) {
    // The sum sits on the stream; its name beside it.
    const QPointF centre(m_layout.streamX, node.box.center().y());
    const double r = node.box.height() * 0.36;
    if (current || hovered) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(fill);
      painter.drawRoundedRect(wordsOf(node), radius, radius);
    }
    painter.setPen(QPen(current ? edge : mixed(m_theme.line, m_theme.text, 0.5), m_theme.px(1.4)));
    painter.setBrush(current ? fill : m_theme.background);
    painter.drawEllipse(centre, r, r);
    painter.setPen(QPen(current ? readableOn(m_theme.accent) : m_theme.text, m_theme.px(1.4)));
    painter.drawLine(centre - QPointF(r * 0.55, 0), centre + QPointF(r * 0.55, 0));
    painter.drawLine(centre - QPointF(0, r * 0.55), centre + QPointF(0, r * 0.55));
    return;
  }
  painter.setPen(QPen(edge, m_theme.px(current ? 1.6 : 1)));
  painter.setBrush(fill);
  painter.drawRoundedRect(node.box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
}

/// Where a node's words stand.
QRectF ArchitectureDiagram::wordsOf(const MapNode& node) {
  return node.kind == MapNode::Kind::add ? node.box.adjusted(node.box.width() * 0.17, 0, 0, 0) : node.box;
}

void ArchitectureDiagram::paintWords(QPainter& painter, int index) const {
  const MapNode& node = m_layout.nodes[static_cast<std::size_t>(index)];
  const bool current = index == currentNode();
  const QColor text = current ? readableOn(m_theme.accent) : m_theme.text;
  const QColor faint = current ? mixed(text, m_theme.accent, 0.15) : m_theme.faintText;
  const QRectF box = wordsOf(node);
  const double padding = m_theme.px(6);
  const QRectF inner = box.adjusted(padding, 0, -padding, 0);
  const QFont small = m_theme.sized(10);
  painter.setFont(m_theme.font);
  painter.setPen(text);
  if (node.kind == MapNode::Kind::sample) {
    const StepRecord* step = m_controller.shownStep();
    const double used = drawFitted(painter, inner, Qt::AlignVCenter | Qt::AlignLeft, node.label) + padding;
    if (!step) return;
    painter.setPen(m_theme.accent);
    drawFitted(painter, inner.adjusted(used, 0, 0, 0), Qt::AlignVCenter | Qt::AlignRight,
               QString::fromStdString(m_controller.run()->model->tokenizer->shownPiece(step->sampled)));
    return;
  }
  const TextMetrics labels(m_theme.font), shapes(small);
  if (box.height() > labels.height() + shapes.height()) {
    const double split = box.top() + box.height() * 0.54;
    const QRectF tight = box.adjusted(2, 0, -2, 0);
    drawFitted(painter, QRectF(tight.left(), tight.top() + 1, tight.width(), split - tight.top()),
               Qt::AlignCenter, node.label);
    painter.setFont(small);
    painter.setPen(faint);
    drawFitted(painter, QRectF(tight.left(), split, tight.width(), tight.bottom() - split - 1),
               Qt::AlignCenter, node.shape);
    return;
  }
  const double width = drawFitted(painter, inner, Qt::AlignVCenter | Qt::AlignLeft, node.label);
  if (width + padding + shapes.horizontalAdvance(node.shape) > inner.width()) return;
  painter.setFont(small);
  painter.setPen(faint);
  drawFitted(painter, inner, Qt::AlignVCenter | Qt::AlignRight, node.shape);
}

QString ArchitectureDiagram::toolTipOf(const MapNode& node) const {
  const SiteInfo& info = siteInfo(node.site);
  const QString name = QString::fromStdString(siteDumpName(node.site, m_controller.selection().layer));
  if (node.kind == MapNode::Kind::sample) return tr("The next token is picked from softmax(logits)");
  return name + QLatin1Char('\n') + QString::fromUtf8(info.formula) + QLatin1Char('\n') +
         tr("shape %1 = %2").arg(QString::fromUtf8(info.shape), node.shape);
}

bool ArchitectureDiagram::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int index = nodeAt(help->pos());
    if (index >= 0) {
      QToolTip::showText(help->globalPos(), toolTipOf(m_layout.nodes[static_cast<std::size_t>(index)]), this);
    } else {
      QToolTip::hideText();
    }
    return true;
  }
  return QWidget::event(event);
}

void ArchitectureDiagram::mouseMoveEvent(QMouseEvent* event) {
  const int hovered = nodeAt(event->position());
  if (hovered == m_hovered) return;
  m_hovered = hovered;
  setCursor(hovered >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
  update();
}

void ArchitectureDiagram::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) selectNode(nodeAt(event->position()));
}

void ArchitectureDiagram::leaveEvent(QEvent*) {
  m_hovered = -1;
  update();
}

void ArchitectureDiagram::keyPressEvent(QKeyEvent* event) {
  const int last = static_cast<int>(m_layout.nodes.size()) - 2;
  const bool marks = event->modifiers() & Qt::ControlModifier;
  const auto move = [&](int by) {
    const int target = std::clamp((marks ? markedNode() : currentNode()) + by, 0, std::max(last, 0));
    marks ? mark(target) : selectNode(target);
  };
  switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Left:
      return move(-1);
    case Qt::Key_Down:
    case Qt::Key_Right:
      return move(1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
      return runTo(markedNode(),
                   event->modifiers() & Qt::ShiftModifier ? Direction::back : Direction::forward);
    case Qt::Key_Escape:
      if (m_mark < 0) return event->ignore();
      return mark(-1);
    default:
      QWidget::keyPressEvent(event);
  }
}

void ArchitectureDiagram::mark(int index) {
  m_mark = index;
  if (index >= 0 && index < static_cast<int>(m_layout.nodes.size()))
    emit currentMoved(m_layout.nodes[static_cast<std::size_t>(index)].box);
  describe();
  update();
}

void ArchitectureDiagram::runTo(int index, Direction direction) {
  if (index < 0 || index >= static_cast<int>(m_layout.nodes.size())) return;
  const Site site = m_layout.nodes[static_cast<std::size_t>(index)].site;
  m_mark = -1;
  m_controller.runToStage({site, siteInfo(site).perLayer ? m_controller.selection().layer : kNoLayer},
                          direction);
  update();
}

void ArchitectureDiagram::fillMenu(QMenu& menu, int index) {
  const Site site = m_layout.nodes[static_cast<std::size_t>(index)].site;
  menu.addAction(tr("Show %1").arg(m_layout.nodes[static_cast<std::size_t>(index)].label), this,
                 [this, index] { selectNode(index); });
  const auto run = [&](const QString& text, const QString& tip, const QKeySequence& key,
                       Direction direction) {
    QAction* action = menu.addAction(text, this, [this, index, direction] { runTo(index, direction); });
    action->setToolTip(tip);
    action->setShortcut(key);
    return action;
  };
  menu.setToolTipsVisible(true);
  run(tr("Run to here"), tr("To the next time that it is computed: in this step, or with the next token"),
      QKeySequence(Qt::Key_Return), Direction::forward)
      ->setEnabled(m_controller.canStageForward());
  run(tr("Go back to here"), tr("To the last time that it was computed: in this step, or in the one before"),
      QKeySequence(Qt::SHIFT | Qt::Key_Return), Direction::back)
      ->setEnabled(m_controller.canStageBack());
  if (!siteInfo(site).perLayer) return;
  menu.addSeparator();
  const Selection& now = m_controller.selection();
  const int layers = m_controller.run()->model->config().numHiddenLayers;
  for (const int layer : {now.layer.value + 1, now.layer.value - 1}) {
    if (layer < 0 || layer >= layers) continue;
    menu.addAction(tr("Show it in layer %1").arg(layer), this, [this, site, layer] {
      Selection next = m_controller.selection();
      next.site = site;
      next.layer = LayerIndex{layer};
      m_controller.select(next);
    });
  }
}

void ArchitectureDiagram::contextMenuEvent(QContextMenuEvent* event) {
  const bool byKey = event->reason() == QContextMenuEvent::Keyboard;
  const int index = byKey ? markedNode() : nodeAt(event->pos());
  if (index < 0 || !m_controller.run()) return event->ignore();
  QMenu menu(this);
  fillMenu(menu, index);
  const QPoint below = m_layout.nodes[static_cast<std::size_t>(index)].box.bottomLeft().toPoint();
  menu.exec(byKey ? mapToGlobal(below) : event->globalPos());
}

void ArchitectureDiagram::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  update();
}

void ArchitectureDiagram::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  m_mark = -1;
  update();
}

ArchitectureMap::ArchitectureMap(SessionController& controller, QWidget* parent)
    : QWidget(parent),
      m_controller(controller),
      m_layer(new QSpinBox(this)),
      m_head(new QSpinBox(this)),
      m_kind(new QLabel(this)),
      m_scroll(new QScrollArea(this)),
      m_diagram(new ArchitectureDiagram(controller)) {
  setAccessibleName(tr("Architecture"));
  m_layer->setAccessibleName(tr("Layer"));
  m_layer->setToolTip(tr("The layer that the map and the views show"));
  m_head->setAccessibleName(tr("Query head"));
  m_head->setToolTip(tr("The query head that the views show"));
  m_kind->setForegroundRole(QPalette::PlaceholderText);
  auto* layerLabel = new QLabel(tr("&Layer"), this);
  layerLabel->setBuddy(m_layer);
  auto* headLabel = new QLabel(tr("&Head"), this);
  headLabel->setBuddy(m_head);

  m_scroll->setFrameShape(QFrame::NoFrame);
  m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_scroll->setWidgetResizable(true);
  m_scroll->setFocusPolicy(Qt::NoFocus);
  m_scroll->setAccessibleName(tr("Architecture map"));
  m_scroll->setWidget(m_diagram);

  auto* choices = new QHBoxLayout;
  choices->addWidget(layerLabel);
  choices->addWidget(m_layer);
  choices->addWidget(headLabel);
  choices->addWidget(m_head);
  choices->addStretch(1);
  choices->addWidget(m_kind);
  auto* column = new QVBoxLayout(this);
  column->addLayout(choices);
  column->addWidget(m_scroll, 1);

  connect(m_layer, &QSpinBox::valueChanged, this, [this](int layer) {
    Selection next = m_controller.selection();
    next.layer = LayerIndex{layer};
    m_controller.select(next);
  });
  connect(m_head, &QSpinBox::valueChanged, this, [this](int head) {
    Selection next = m_controller.selection();
    next.head = HeadIndex{head};
    m_controller.select(next);
  });
  connect(m_diagram, &ArchitectureDiagram::currentMoved, this, [this](const QRectF& box) {
    m_scroll->ensureVisible(static_cast<int>(box.center().x()), static_cast<int>(box.center().y()), 0,
                            static_cast<int>(box.height()) + 12);
  });
  connect(&m_controller, &SessionController::snapshotChanged, this, &ArchitectureMap::refresh);
  connect(&m_controller, &SessionController::selectionChanged, this, &ArchitectureMap::refresh);
  refresh();
}

void ArchitectureMap::refresh() {
  const RunSnapshot* run = m_controller.run();
  const Selection& selection = m_controller.selection();
  const QSignalBlocker layerBlocker(m_layer), headBlocker(m_head);
  m_layer->setEnabled(run != nullptr);
  m_head->setEnabled(run != nullptr);
  if (run) {
    const ModelConfig& config = run->model->config();
    m_layer->setRange(0, config.numHiddenLayers - 1);
    m_layer->setValue(selection.layer.value);
    m_head->setRange(0, config.numAttentionHeads - 1);
    m_head->setValue(selection.head.value);
    m_kind->setText(QString::fromStdString(config.attentionName()));
    m_kind->setToolTip(tr("%n query head(s)", nullptr, config.numAttentionHeads) + QStringLiteral(", ") +
                       tr("%n key/value head(s)", nullptr, config.numKeyValueHeads));
  }
  m_diagram->refresh();
}

void ArchitectureMap::applyTheme(const Theme& theme) {
  const int gap = static_cast<int>(std::lround(theme.px(4)));
  auto* column = static_cast<QVBoxLayout*>(layout());
  column->setContentsMargins(0, gap, 0, 0);
  column->setSpacing(gap);
  column->itemAt(0)->layout()->setContentsMargins(2 * gap, 0, 2 * gap, 0);
  m_diagram->applyTheme(theme);
}

}  // namespace decodescope
