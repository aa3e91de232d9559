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
  const auto choice = [](const char* id, const QString& title, const QString& tip,
                         std::vector<std::pair<QString, QString>> choices, std::size_t chosen) {
    const QString value = choices[chosen].first;
    return ViewOption{QLatin1String(id), title, tip, std::move(choices), value};
  };
  std::vector<ViewOption> options{choice("show", tr("Show"), tr("What of the cache is shown"),
                                         {{QStringLiteral("contents"), tr("Cache contents")},
                                          {QStringLiteral("work"), tr("Work per step")},
                                          {QStringLiteral("lockstep"), tr("Cells computed")},
                                          {QStringLiteral("reads"), tr("Why Q is not cached")}},
                                         static_cast<std::size_t>(m_panel))};
  if (m_panel == Panel::contents) {
    options.push_back(choice(
        "values", tr("Colours"), tr("What the colours stand for: every number of a row, or the row's length"),
        {{QStringLiteral("all"), tr("All values")}, {QStringLiteral("norms"), tr("Lengths")}},
        m_settings.norms ? 1 : 0));
    options.push_back(choice("numbers", tr("Numbers"), tr("Bytes, counts and their growth beside the blocks"),
                             {{QStringLiteral("on"), tr("Shown")}, {QStringLiteral("off"), tr("Hidden")}},
                             m_settings.numbers ? 0 : 1));
    options.push_back(
        choice("click", tr("Click"),
               tr("What a click on a row or a head does: select it, or strike it out in a what-if lane"),
               {{QStringLiteral("selects"), tr("Selects")}, {QStringLiteral("strikes"), tr("Strikes out")}},
               m_settings.strikes ? 1 : 0));
  }
  if (m_panel == Panel::work) {
    options.push_back(choice("measure", tr("Count"), tr("What is counted in each step"),
                             {{QStringLiteral("macs"), tr("Multiply-adds")},
                              {QStringLiteral("bytes"), tr("Bytes")},
                              {QStringLiteral("time"), tr("Time")}},
                             static_cast<std::size_t>(m_workSettings.measure)));
    options.push_back(
        choice("sum", tr("Of"), tr("Each step by itself, or all steps so far together"),
               {{QStringLiteral("step"), tr("Each step")}, {QStringLiteral("run"), tr("All so far")}},
               m_workSettings.summed ? 1 : 0));
  }
  return options;
}

bool KvCacheView::setOption(const QString& id, const QString& value) {
  // The index of the value among these; −1 when it is none of them.
  const auto index = [&](std::initializer_list<const char*> values) {
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const char* v) { return value == QLatin1String(v); });
    return found == values.end() ? -1 : static_cast<int>(found - values.begin());
  };
  int chosen = -1;
  if (id == QLatin1String("show")) {
    chosen = index({"contents", "work", "lockstep", "reads"});
    if (chosen >= 0) m_panel = static_cast<Panel>(chosen);
  } else if (id == QLatin1String("values")) {
    chosen = index({"all", "norms"});
    if (chosen >= 0) m_settings.norms = chosen == 1;
  } else if (id == QLatin1String("numbers")) {
    chosen = index({"on", "off"});
    if (chosen >= 0) m_settings.numbers = chosen == 0;
  } else if (id == QLatin1String("click")) {
    chosen = index({"selects", "strikes"});
    if (chosen >= 0) m_settings.strikes = chosen == 1;
  } else if (id == QLatin1String("measure")) {
    chosen = index({"macs", "bytes", "time"});
    if (chosen >= 0) m_workSettings.measure = static_cast<KvWorkSettings::Measure>(chosen);
  } else if (id == QLatin1String("sum")) {
    chosen = index({"step", "run"});
    if (chosen >= 0) m_workSettings.summed = chosen == 1;
  }
  if (chosen >= 0) presentPanel();
  return chosen >= 0;
}

void KvCacheView::present(const SessionSnapshot& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  m_model.present(session, selection);
  presentPanel();
}

void KvCacheView::presentPanel() {
  switch (m_panel) {
    case Panel::contents:
      return;
    case Panel::work:
      return m_workModel.present(m_session, m_selection, m_workSettings);
    case Panel::lockstep:
      return m_lockstepModel.present(m_session, m_selection);
    case Panel::reads:
      return m_readsModel.present(m_session, m_selection);
  }
}

FrameTexts KvCacheView::texts(const Theme& theme) const {
  switch (m_panel) {
    case Panel::contents:
      return {};
    case Panel::work:
      return {m_workModel.title(),   m_workModel.subtitle(),     m_workModel.note(),
              m_workModel.readout(), m_workModel.shortReadout(), KvWorkPicture::legend(theme, m_workModel)};
    case Panel::lockstep:
      return {m_lockstepModel.title(),        m_lockstepModel.subtitle(),
              m_lockstepModel.note(),         m_lockstepModel.readout(),
              m_lockstepModel.shortReadout(), KvLockstepPicture::legend(theme, m_lockstepModel)};
    case Panel::reads:
      return {m_readsModel.title(),
              m_readsModel.subtitle(),
              {},
              m_readsModel.readout(),
              {},
              KvReadsPicture::legend(theme, m_readsModel)};
  }
  return {};
}

std::vector<double> KvCacheView::scaleEnds() const {
  if (m_panel == Panel::contents) return m_model.scaleEnds();
  return m_panel == Panel::work ? m_workModel.scaleEnds() : std::vector<double>();
}

void KvCacheView::setScaleEnds(const std::vector<double>& ends) {
  if (m_panel == Panel::contents) m_model.setScaleEnds(ends);
  if (m_panel == Panel::work) m_workModel.setScaleEnds(ends);
}

void KvCacheView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_contents.clear();
  m_lockstep.clear();
  m_reads.clear();
  if (m_panel != Panel::work || !hasPicture()) m_work.clear();
  if (!hasPicture()) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.emptyTitle(), m_model.emptyText());
  } else if (m_panel == Panel::contents) {
    m_contents.paint(painter, area, theme, m_model, m_settings);
  } else {
    const FrameTexts words = texts(theme);
    const PictureFrame frame = framePicture(painter, area, theme, words);
    if (m_panel == Panel::work) m_work.paint(painter, frame.body, theme, m_workModel);
    if (m_panel == Panel::lockstep) m_lockstep.paint(painter, frame.body, theme, m_lockstepModel);
    if (m_panel == Panel::reads) m_reads.paint(painter, frame.body, theme, m_readsModel);
    paintFrame(painter, frame, theme, words);
  }
  painter.restore();
}

std::optional<Hit> KvCacheView::hitTest(QPointF point) const {
  if (!hasPicture()) return std::nullopt;
  if (m_panel == Panel::contents) return m_contents.hitTest(point);
  if (m_panel == Panel::lockstep) return m_lockstep.hitTest(point, m_lockstepModel);
  Hit hit;
  if (m_panel == Panel::work) {
    const std::optional<KvWorkPicture::Spot> spot = m_work.at(point);
    if (!spot || spot->step.value > m_workModel.stepCount()) return std::nullopt;
    hit.hovered = m_workModel.selection();
    hit.clicked = hit.hovered;
    hit.clicked->step = spot->step;
    hit.locks = false;
    hit.toolTip = m_workModel.toolTip(spot->step);
    const std::vector<KvWorkPart> plotted = m_workModel.plotted();
    if (spot->plot >= plotted.size()) return hit;
    if (std::optional<Explanation> e = m_workModel.explanation(plotted[spot->plot], spot->step))
      hit.number = derivedPlace(hit.hovered, std::move(*e));
    return hit;
  }
  const int position = m_reads.positionAt(point);
  if (position < 0) return std::nullopt;
  hit.hovered = m_readsModel.shown().selection;
  hit.hovered.key = Position{position};
  hit.toolTip = m_readsModel.toolTip(position);
  hit.number = derivedPlace(hit.hovered, m_readsModel.explanation(position, m_reads.isOfQuery(point)));
  return hit;
}

Selection KvCacheView::moved(const Selection& selection, int dx, int dy) const {
  if (m_panel == Panel::lockstep) return View::moved(selection, dx, dy);
  Selection s = selection;
  if (m_panel == Panel::work) {
    s.step = StepIndex{std::max(1, s.step.value + dx)};
    return s;
  }
  s.key = Position{std::max(0, s.key.value + dx)};
  if (m_panel == Panel::contents) s.layer = LayerIndex{std::max(0, s.layer.value + dy)};
  return s;
}

std::vector<NamedTable> KvCacheView::tables() const {
  if (!hasPicture()) return {};
  switch (m_panel) {
    case Panel::contents:
      return m_model.tables();
    case Panel::work:
      return m_workModel.tables();
    case Panel::lockstep:
      return m_lockstepModel.tables();
    case Panel::reads:
      return m_readsModel.tables();
  }
  return {};
}

QString KvCacheView::beyondCommand() const {
  return m_panel == Panel::work && m_workSettings.measure == KvWorkSettings::Measure::time
             ? QStringLiteral("The times are measured: each call measures its own.")
             : QString();
}

QString KvCacheView::description() const {
  if (!hasPicture() || m_panel == Panel::contents) return m_model.description();
  return m_panel == Panel::work       ? m_workModel.description()
         : m_panel == Panel::lockstep ? m_lockstepModel.description()
                                      : m_readsModel.description();
}

}  // namespace decodescope
