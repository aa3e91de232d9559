// The words around the blocks of the KV cache's contents.

#include "views/bracket.h"
#include "views/kv_cache/contents_picture.h"
#include "views/picture_frame.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("KvCacheView", text);
}

}  // namespace

void KvContentsPicture::paintLabels(QPainter& painter, const Theme& theme) {
  FrameTexts texts;
  texts.title = m_model->title();
  if (m_layout.panel.isNull()) texts.title += QStringLiteral(" · ") + m_model->heldText();
  texts.readout = m_model->readout();
  PictureFrame frame;
  frame.title = m_layout.title;
  frame.subtitle = m_layout.subtitle;
  frame.subtitleLines = m_subtitle;
  frame.readout = m_layout.readout;
  if (m_settings.strikes && !frame.readout.isNull()) {
    painter.setFont(theme.sized(12));
    painter.setPen(theme.warning);
    frame.readout.setLeft(
        frame.readout.left() + theme.px(10) +
        drawFitted(painter, frame.readout, Qt::AlignLeft | Qt::AlignVCenter, tr("A click strikes out.")));
  }
  paintFrame(painter, frame, theme, texts);
  nameGroups(painter, theme);
  for (int g = 0; g < static_cast<int>(m_layout.readerLabels.size()); ++g) nameReaders(painter, theme, g);
  nameLayers(painter, theme);
  namePositions(painter, theme);
}

/// Key/value heads across; of MLA, what is cached and what is rebuilt from it.
void KvContentsPicture::nameGroups(QPainter& painter, const Theme& theme) {
  if (m_layout.columnLabels.empty()) return;
  const std::vector<KvColumn>& columns = m_model->columns();
  const int chosen = m_model->chosenColumn();
  const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
  const double width = m_layout.columnLabels.front().width();
  const double pitch = width + m_layout.blockGapX;
  const bool isLatent = m_model->isLatent();
  const bool named = isLatent || bold.horizontalAdvance(m_model->columnName(columns.back())) <= width;
  const double number = bold.horizontalAdvance(QStringLiteral("00")) + theme.px(3);
  const int wanted[] = {chosen};
  const bool alone = m_model->headsPerGroup() == 1;
  for (const int g : thinnedLabels(0, m_layout.heads, pitch, named ? 0 : number, wanted)) {
    const KvColumn& column = columns[static_cast<std::size_t>(g)];
    const QRectF& box = m_layout.columnLabels[static_cast<std::size_t>(g)];
    const double wider = named ? 0 : std::max(0.0, (number - width) / 2);
    const HeadPlace place{box.adjusted(-wider, 0, wider, 0), m_model->readerOf(g), !alone};
    if (!isLatent || !column.isHeld) m_heads.push_back(place);
    painter.setFont(theme.sized(11.5, g == chosen ? QFont::DemiBold : QFont::Normal));
    painter.setPen(g == chosen ? theme.accent : column.isHeld ? theme.text : theme.faintText);
    const bool struck =
        m_model->struckHeadsOf(m_model->selection().layer, column.head) == m_model->headsPerGroup();
    drawHeadName(
        painter, theme, place.area,
        named ? firstFitting({m_model->columnName(column), column.isHeld ? tr("cached") : tr("rebuilt")},
                             bold, place.area.width())
              : QString::number(g),
        struck && !(isLatent && column.isHeld));
  }
}

/// The query heads that share one key/value head, or a latent, each by itself where there is room.
void KvContentsPicture::nameReaders(QPainter& painter, const Theme& theme, int column) {
  const QRectF& box = m_layout.readerLabels[static_cast<std::size_t>(column)];
  const bool isLatent = m_model->isLatent();
  if (isLatent && column > 0) {
    painter.setFont(theme.sized(11));
    painter.setPen(theme.faintText);
    const TextMetrics metrics(painter.font(), painter.device());
    const QString words =
        firstFitting({tr("from c in every step, never cached"), tr("from c, never cached"), tr("from c")},
                     metrics, box.width());
    drawFitted(painter, box, Qt::AlignHCenter | Qt::AlignTop, words);
    return;
  }
  const int count = isLatent ? m_model->config().numAttentionHeads : m_model->headsPerGroup();
  const int first = column * count, groups = isLatent ? 1 : m_model->kvHeads();
  painter.setFont(theme.sized(11));
  const TextMetrics metrics(painter.font(), painter.device());
  const double each = metrics.horizontalAdvance(QStringLiteral("q%1").arg(first + count - 1)) + theme.px(8);
  const QString lead = tr("read by");
  const double leadWidth = metrics.horizontalAdvance(lead) + theme.px(4);
  if (count * each > box.width()) {
    // The same words for all groups: those that fit the longest numbers.
    const int heads = groups * count;
    const QString range = QStringLiteral("%1–%2"), named = QStringLiteral("q ") + range;
    const double room = m_layout.blockGapX * 0.8;
    const QRectF line(box.left() - room / 2, box.top(), box.width() + room, metrics.height());
    const auto fits = [&](const QString& text) {
      return metrics.horizontalAdvance(text.arg(heads - count).arg(heads - 1)) <= line.width();
    };
    drawBracket(painter, box, theme, theme.query, {});
    painter.setPen(theme.query);
    const QString words = (fits(named) ? named : range).arg(first).arg(first + count - 1);
    drawFitted(painter, line, Qt::AlignHCenter | Qt::AlignTop,
               fits(tr("read by query heads %1–%2"))
                   ? tr("read by query heads %1–%2").arg(first).arg(first + count - 1)
                   : words);
    return;
  }
  drawBracket(painter, box, theme, theme.query, {});
  const bool hasLead = count * each + leadWidth <= box.width();
  double x = box.center().x() - (count * each + (hasLead ? leadWidth : 0)) / 2;
  const double height = metrics.height();
  if (hasLead) {
    painter.setPen(theme.faintText);
    drawFitted(painter, QRectF(x, box.top(), leadWidth, height), Qt::AlignLeft | Qt::AlignTop, lead);
    x += leadWidth;
  }
  for (int h = first; h < first + count; ++h, x += each) {
    const HeadPlace place{QRectF(x, box.top(), each, height), HeadIndex{h}, false};
    m_heads.push_back(place);
    const bool chosen = h == m_model->selection().head.value;
    painter.setFont(theme.sized(11, chosen ? QFont::DemiBold : QFont::Normal));
    painter.setPen(chosen ? theme.accent : theme.query);
    drawHeadName(painter, theme, place.area, QStringLiteral("q%1").arg(h),
                 m_model->headStruck(m_model->selection().layer, HeadIndex{h}));
  }
}

void KvContentsPicture::drawHeadName(QPainter& painter, const Theme& theme, const QRectF& area,
                                     const QString& name, bool struck) const {
  if (struck) painter.setPen(theme.faintText);
  drawFitted(painter, area, Qt::AlignHCenter | Qt::AlignVCenter, name);
  if (!struck) return;
  const double width = std::min(
      area.width(), TextMetrics(painter.font(), painter.device()).horizontalAdvance(name) + theme.px(4));
  painter.setPen(QPen(theme.warning, theme.px(2)));
  painter.drawLine(QPointF(area.center().x() - width / 2, area.center().y()),
                   QPointF(area.center().x() + width / 2, area.center().y()));
}

void KvContentsPicture::nameLayers(QPainter& painter, const Theme& theme) const {
  const TextMetrics metrics(theme.sized(11.5), painter.device());
  const Selection& s = m_model->selection();
  const KvColumn& held = m_model->columns().front();
  const KvPart &upper = held.upper, &lower = held.lower;
  // Layers down, K and V told apart where there is room for both letters.
  if (!m_layout.layerLabels.empty()) {
    const double pitch = m_layout.block(0, 0).height() + m_layout.blockGapY;
    const int wanted[] = {s.layer.value};
    for (const int l : thinnedLabels(0, m_model->layers(), pitch, metrics.height() * 1.05, wanted)) {
      const QRectF& box = m_layout.layerLabels[static_cast<std::size_t>(l)];
      const TextMetrics bold(theme.sized(11.5, QFont::DemiBold), painter.device());
      const double letter = std::max(bold.horizontalAdvance(QStringLiteral("  ") + upper.letter),
                                     bold.horizontalAdvance(QStringLiteral("  ") + lower.letter));
      painter.setFont(theme.sized(11.5, l == s.layer.value ? QFont::DemiBold : QFont::Normal));
      painter.setPen(l == s.layer.value ? theme.accent : theme.text);
      drawFitted(painter, box.adjusted(0, 0, -letter, 0), Qt::AlignRight | Qt::AlignVCenter,
                 tr("layer %1").arg(l));
      const QRectF k = m_layout.keys(l, 0), v = m_layout.values(l, 0);
      if (std::min(k.height(), v.height()) < metrics.height() * 0.9) continue;
      painter.setFont(theme.sized(11.5, QFont::DemiBold));
      painter.setPen(inkOf(held, upper.numbers, theme));
      drawFitted(painter, QRectF(box.left(), k.top(), box.width(), k.height()),
                 Qt::AlignRight | Qt::AlignVCenter, upper.letter);
      painter.setPen(inkOf(held, lower.numbers, theme));
      drawFitted(painter, QRectF(box.left(), v.top(), box.width(), v.height()),
                 Qt::AlignRight | Qt::AlignVCenter, lower.letter);
    }
  }
}

/// Numbers of a value across, those of a key's features downwards.
void KvContentsPicture::nameStateColumns(QPainter& painter, const Theme& theme) const {
  painter.setFont(theme.sized(10.5));
  painter.setPen(theme.faintText);
  const TextMetrics metrics(painter.font(), painter.device());
  const QStringList words{tr("numbers 0 … %1 of v →").arg(m_model->headDim() - 1), tr("v →"),
                          QString::number(m_model->headDim())};
  for (const QRectF& axis : m_layout.axes)
    drawFitted(painter, axis, Qt::AlignHCenter | Qt::AlignVCenter,
               firstFitting(words, metrics, axis.width()));
}

void KvContentsPicture::namePositions(QPainter& painter, const Theme& theme) const {
  const Selection& s = m_model->selection();
  if (m_model->isState()) return nameStateColumns(painter, theme);
  // Positions under each column of blocks: the tokens themselves where all of them fit.
  const double column = columnWidth();
  painter.setFont(theme.sized(10.5));
  const TextMetrics digits(painter.font(), painter.device());
  bool pieces = column >= theme.px(20);
  for (int p = 0; pieces && p < m_model->tokens(); ++p)
    pieces = digits.horizontalAdvance(m_model->label(p)) + theme.px(6) <= column;
  const double room =
      pieces ? column : digits.horizontalAdvance(QString::number(m_model->capacity())) + theme.px(8);
  for (const QRectF& axis : m_layout.axes) {
    const int wanted[] = {s.key.value, m_model->tokens() - 1};
    if (axis.width() < 2.5 * room) continue;
    for (const int p : thinnedLabels(0, m_model->tokens(), column, room, wanted)) {
      const QString text = pieces ? m_model->label(p) : QString::number(p);
      const double width = digits.horizontalAdvance(text);
      const double x =
          std::clamp(axis.left() + (p + 0.5) * column - width / 2, axis.left(), axis.right() - width);
      painter.setPen(p == s.key.value                        ? theme.text
                     : p < m_model->firstHeld()              ? theme.faintText
                     : p >= m_model->step().firstNewPosition ? theme.accent
                                                             : theme.faintText);
      drawFitted(painter, QRectF(x, axis.top(), width + theme.px(2), axis.height()),
                 Qt::AlignLeft | Qt::AlignVCenter, text);
    }
  }
}

}  // namespace decodescope
