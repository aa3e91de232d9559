#include "views/kv_cache/kv_cache_view.h"

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

std::unique_ptr<View> makeKvCacheView() {
  return std::make_unique<KvCacheView>();
}

std::vector<ViewOption> KvCacheView::options() const {
  return {
      {QStringLiteral("values"),
       tr("Colours"),
       tr("What the colours stand for: every number of a row, or the row's length"),
       {{QStringLiteral("all"), tr("All values")}, {QStringLiteral("norms"), tr("Lengths")}},
       m_settings.norms ? QStringLiteral("norms") : QStringLiteral("all")},
      {QStringLiteral("numbers"),
       tr("Numbers"),
       tr("Bytes, counts and their growth beside the blocks"),
       {{QStringLiteral("on"), tr("Shown")}, {QStringLiteral("off"), tr("Hidden")}},
       m_settings.numbers ? QStringLiteral("on") : QStringLiteral("off")},
      {QStringLiteral("click"),
       tr("Click"),
       tr("What a click on a row or a head does: select it, or strike it out in a what-if lane"),
       {{QStringLiteral("selects"), tr("Selects")}, {QStringLiteral("strikes"), tr("Strikes out")}},
       m_settings.strikes ? QStringLiteral("strikes") : QStringLiteral("selects")},
  };
}

bool KvCacheView::setOption(const QString& id, const QString& value) {
  const auto choose = [&](bool& setting, const char* off, const char* on) {
    if (value != QLatin1String(off) && value != QLatin1String(on)) return false;
    setting = value == QLatin1String(on);
    return true;
  };
  if (id == QLatin1String("values")) return choose(m_settings.norms, "all", "norms");
  if (id == QLatin1String("numbers")) return choose(m_settings.numbers, "off", "on");
  if (id == QLatin1String("click")) return choose(m_settings.strikes, "selects", "strikes");
  return false;
}

void KvCacheView::present(const SessionSnapshot& session, const Selection& selection) {
  m_model.present(session, selection);
}

std::vector<double> KvCacheView::scaleEnds() const {
  return {static_cast<double>(m_model.keyMax()), static_cast<double>(m_model.valueMax())};
}

void KvCacheView::setScaleEnds(const std::vector<double>& ends) {
  m_model.setMaxima(static_cast<float>(ends[0]), static_cast<float>(ends[1]));
}

void KvCacheView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  if (m_model.state() != KvCacheModel::State::ready) {
    m_contents.clear();
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
    painter.restore();
    return;
  }
  m_contents.paint(painter, area, theme, m_model, m_settings);
  painter.restore();
}

std::optional<Hit> KvCacheView::hitTest(QPointF point) const {
  return m_contents.hitTest(point);
}

Selection KvCacheView::moved(const Selection& selection, int dx, int dy) const {
  Selection s = selection;
  s.key = Position{std::max(0, s.key.value + dx)};
  s.layer = LayerIndex{std::max(0, s.layer.value + dy)};
  return s;
}

}  // namespace decodescope
