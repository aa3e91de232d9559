#include "views/attention/attention_view.h"

#include "views/attention/absorbed_page.h"
#include "views/attention/context_page.h"
#include "views/attention/embeddings_page.h"
#include "views/attention/grid_page.h"
#include "views/attention/row_page.h"
#include "views/attention/scaling_page.h"
#include "views/attention/stages_page.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>

namespace decodescope {
namespace {

using Arrangement = AttentionArrangement;

/// A choice of the tool bar: its value in the settings, on the command line, and in words.
template <class T>
struct Choice {
  T value;
  const char* id;
  const char* title;
};

constexpr Choice<Arrangement> kArrangements[] = {
    {Arrangement::matrix, "one", QT_TRANSLATE_NOOP("AttentionView", "One head")},
    {Arrangement::stages, "stages", QT_TRANSLATE_NOOP("AttentionView", "Four stages")},
    {Arrangement::grid, "grid", QT_TRANSLATE_NOOP("AttentionView", "All layers and heads")},
    {Arrangement::row, "row", QT_TRANSLATE_NOOP("AttentionView", "A query's row")},
    {Arrangement::context, "context", QT_TRANSLATE_NOOP("AttentionView", "Context: weights × V")},
    {Arrangement::scaling, "scaling", QT_TRANSLATE_NOOP("AttentionView", "Why √d")},
    {Arrangement::embeddings, "embeddings", QT_TRANSLATE_NOOP("AttentionView", "Without W_Q and W_K")},
    {Arrangement::absorbed, "absorbed", QT_TRANSLATE_NOOP("AttentionView", "MLA: rebuilt · absorbed")},
};
constexpr Choice<AttentionStage> kStageChoices[] = {
    {AttentionStage::weights, "weights", QT_TRANSLATE_NOOP("AttentionView", "Weights")},
    {AttentionStage::masked, "masked", QT_TRANSLATE_NOOP("AttentionView", "Masked scores")},
    {AttentionStage::scaled, "scaled", QT_TRANSLATE_NOOP("AttentionView", "Scaled scores")},
    {AttentionStage::raw, "raw", QT_TRANSLATE_NOOP("AttentionView", "Raw scores")},
};
constexpr Choice<AttentionScale> kScales[] = {
    {AttentionScale::linear, "linear", QT_TRANSLATE_NOOP("AttentionView", "Linear")},
    {AttentionScale::logarithmic, "log", QT_TRANSLATE_NOOP("AttentionView", "Logarithmic")},
    {AttentionScale::perRow, "row", QT_TRANSLATE_NOOP("AttentionView", "Per row")},
    {AttentionScale::withoutFirst, "no_first", QT_TRANSLATE_NOOP("AttentionView", "Without the first token")},
};
constexpr Choice<bool> kRanges[] = {
    {true, "locked", QT_TRANSLATE_NOOP("AttentionView", "All heads (locked)")},
    {false, "head", QT_TRANSLATE_NOOP("AttentionView", "Each head")},
};
constexpr Choice<Colormap> kColors[] = {
    {Colormap::viridis, "viridis", QT_TRANSLATE_NOOP("AttentionView", "Viridis")},
    {Colormap::cividis, "cividis", QT_TRANSLATE_NOOP("AttentionView", "Cividis")},
};
constexpr Choice<bool> kHeads[] = {
    {true, "all", QT_TRANSLATE_NOOP("AttentionView", "All")},
    {false, "one", QT_TRANSLATE_NOOP("AttentionView", "One")},
};

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

template <class T, std::size_t N>
ViewOption optionOf(const char* id, const QString& title, const QString& tip, const Choice<T> (&choices)[N],
                    T current) {
  ViewOption option{QLatin1String(id), title, tip, {}, {}};
  for (const Choice<T>& choice : choices) {
    option.choices.emplace_back(QLatin1String(choice.id), tr(choice.title));
    if (choice.value == current) option.value = QLatin1String(choice.id);
  }
  return option;
}

template <class T, std::size_t N>
bool choose(const QString& id, const Choice<T> (&choices)[N], T& current) {
  const auto* found = std::find_if(std::begin(choices), std::end(choices),
                                   [&](const Choice<T>& choice) { return id == QLatin1String(choice.id); });
  if (found == std::end(choices)) return false;
  current = found->value;
  return true;
}

}  // namespace

std::unique_ptr<View> makeAttentionView() {
  return std::make_unique<AttentionView>();
}

AttentionView::AttentionView()
    : m_otherPages{std::make_unique<StagesPage>(),  std::make_unique<GridPage>(),
                   std::make_unique<RowPage>(),     std::make_unique<ContextPage>(),
                   std::make_unique<ScalingPage>(), std::make_unique<EmbeddingsPage>(),
                   std::make_unique<AbsorbedPage>()} {}

AttentionPage& AttentionView::page() const {
  const auto index = static_cast<std::size_t>(m_settings.arrangement);
  if (index == 0) return const_cast<MatrixPage&>(m_matrixPage);
  return *m_otherPages[index - 1];
}

std::vector<ViewOption> AttentionView::options() const {
  const Arrangement a = m_settings.arrangement;
  const bool colored = a != Arrangement::context && a != Arrangement::scaling && a != Arrangement::absorbed;
  std::vector<ViewOption> options;
  options.push_back(optionOf(
      "layout", tr("Layout"),
      tr("One head's matrix, its four stages, all heads, a row, or what is made of it"), kArrangements, a));
  if (a == Arrangement::matrix || a == Arrangement::grid || a == Arrangement::row)
    options.push_back(
        optionOf("stage", tr("Show"),
                 tr("Which numbers: weights after softmax, scores with the mask, q·k/√d, or q·k itself"),
                 kStageChoices, m_settings.stage));
  if (colored && a != Arrangement::embeddings)
    options.push_back(optionOf("scale", tr("Scale"),
                               tr("How numbers become colours and lengths; the first token often takes most"),
                               kScales, m_settings.scale));
  if (a == Arrangement::matrix || a == Arrangement::stages || a == Arrangement::grid)
    options.push_back(optionOf("range", tr("Range"),
                               tr("One range of colours for all heads, so that they can be compared, or each "
                                  "head up to its own largest number"),
                               kRanges, m_settings.lockedRange));
  if (colored && a != Arrangement::embeddings && a != Arrangement::row)
    options.push_back(optionOf("colors", tr("Colours"),
                               tr("The colour map of weights; signed scores use blue and red"), kColors,
                               m_settings.map));
  if (a == Arrangement::matrix)
    options.push_back(optionOf("heads", tr("Heads"), tr("Thumbnails of all heads of the layer"), kHeads,
                               m_settings.allHeads));
  return options;
}

bool AttentionView::setOption(const QString& id, const QString& value) {
  bool known = false;
  if (id == QLatin1String("layout")) known = choose(value, kArrangements, m_settings.arrangement);
  if (id == QLatin1String("stage")) known = choose(value, kStageChoices, m_settings.stage);
  if (id == QLatin1String("scale")) known = choose(value, kScales, m_settings.scale);
  if (id == QLatin1String("range")) known = choose(value, kRanges, m_settings.lockedRange);
  if (id == QLatin1String("colors")) known = choose(value, kColors, m_settings.map);
  if (id == QLatin1String("heads")) known = choose(value, kHeads, m_settings.allHeads);
  if (known) m_model.present(m_session, m_selection, m_settings);
  return known;
}

void AttentionView::present(const SessionSnapshot& session, const Selection& selection) {
  m_session = session;
  m_selection = selection;
  const std::uint64_t before = m_model.runId();
  m_model.present(session, selection, m_settings);
  // A zoom that was asked for before there was a run is kept.
  if (before != 0 && m_model.runId() != before) m_window.reset();
}

std::vector<AttentionStage> AttentionView::scaledStages() const {
  switch (m_settings.arrangement) {
    case Arrangement::matrix:
    case Arrangement::grid:
      return {m_settings.stage};
    case Arrangement::stages:
      return {AttentionStage::raw, AttentionStage::scaled, AttentionStage::masked, AttentionStage::weights};
    default:
      return {};
  }
}

std::vector<double> AttentionView::scaleEnds() const {
  return m_model.scaleEnds(scaledStages());
}

void AttentionView::setScaleEnds(const std::vector<double>& ends) {
  m_model.setScaleEnds(scaledStages(), ends);
}

void AttentionView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  if (m_model.ready()) {
    page().paint(painter, area, theme, m_model, m_window);
  } else {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_model.shown().emptyTitle(), m_model.emptyText());
  }
  painter.restore();
}

std::optional<Hit> AttentionView::hitTest(QPointF point) const {
  return m_model.ready() ? page().hitTest(point, m_model, m_window) : std::nullopt;
}

bool AttentionView::zoom(QPointF at, double factor) {
  if (!m_model.ready()) return false;
  const QRectF matrix = page().matrixAt(at);
  return !matrix.isNull() && m_window.zoom(matrix, at, factor, page().cells(m_model));
}

bool AttentionView::pan(QPointF delta) {
  const double side = m_model.ready() ? page().side() : 0;
  return side > 0 && m_window.pan(delta, side, page().cells(m_model));
}

std::vector<NamedTable> AttentionView::tables() const {
  return m_model.ready() ? page().tables(m_model) : std::vector<NamedTable>();
}

QString AttentionView::description() const {
  return m_model.ready() ? page().description(m_model) : m_model.description();
}

}  // namespace decodescope
