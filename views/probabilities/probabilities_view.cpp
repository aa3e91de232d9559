#include "views/probabilities/probabilities_view.h"

#include "views/number_place.h"
#include "views/text_fit.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ProbabilitiesView", text);
}

const QString kFollow = QStringLiteral("selected");

constexpr NumberRange kTemperature{.minimum = 0, .maximum = 3, .step = 0.05, .standard = 1};
constexpr NumberRange kTopK{.minimum = 0, .maximum = 200, .step = 1, .standard = 0};
constexpr NumberRange kTopP{.minimum = 0.01, .maximum = 1, .step = 0.01, .standard = 1};
/// −1: the neuron with the largest output.
constexpr NumberRange kNeuron{.minimum = -1, .maximum = 1e6, .step = 1, .standard = -1};

const char* siteId(Site site) {
  switch (site) {
    case Site::qProj:
      return "q_proj";
    case Site::qAProj:
      return "q_a_proj";
    case Site::qBProj:
      return "q_b_proj";
    case Site::kvAProj:
      return "kv_a_proj_with_mqa";
    case Site::kvBProj:
      return "kv_b_proj";
    case Site::kProj:
      return "k_proj";
    case Site::vProj:
      return "v_proj";
    case Site::oProj:
      return "o_proj";
    case Site::gateProj:
      return "gate_proj";
    case Site::upProj:
      return "up_proj";
    case Site::downProj:
      return "down_proj";
    default:
      return "lm_head";
  }
}

ViewOption numberOption(const char* id, const QString& title, const QString& tip, const NumberRange& range,
                        double value) {
  ViewOption option{QLatin1String(id), title, tip, {}, range.text(value)};
  option.number = range;
  return option;
}

}  // namespace

std::unique_ptr<View> makeProbabilitiesView() {
  return std::make_unique<ProbabilitiesView>();
}

std::vector<ViewOption> ProbabilitiesView::options() const {
  std::vector<ViewOption> options{{QStringLiteral("show"),
                                   tr("Show"),
                                   tr("Which part of a token's way"),
                                   {{QStringLiteral("pick"), tr("Logits to pick")},
                                    {QStringLiteral("journey"), tr("Text to embedding")},
                                    {QStringLiteral("linear"), tr("A linear layer")}},
                                   m_panel == Panel::pick      ? QStringLiteral("pick")
                                   : m_panel == Panel::journey ? QStringLiteral("journey")
                                                               : QStringLiteral("linear")}};
  if (m_panel == Panel::pick) {
    options.push_back(
        {QStringLiteral("settings"),
         tr("Settings"),
         tr("The run's sampling settings, or others tried on the same logits"),
         {{QStringLiteral("run"), tr("As in the run")}, {QStringLiteral("what-if"), tr("What-if")}},
         m_whatIf ? QStringLiteral("what-if") : QStringLiteral("run")});
    if (m_whatIf) {
      options.push_back(numberOption("temperature", tr("Temperature"), tr("Divides the logits; 0 is greedy"),
                                     kTemperature, m_tried.temperature));
      options.push_back(numberOption("top_k", tr("Top-k"), tr("Keep the k likeliest tokens only; 0 is off"),
                                     kTopK, m_tried.topK));
      options.push_back(numberOption("top_p", tr("Top-p"),
                                     tr("Keep the smallest set of likeliest tokens that reaches p; 1 is off"),
                                     kTopP, m_tried.topP));
    }
  }
  if (m_panel == Panel::linear) {
    ViewOption projection{QStringLiteral("projection"),
                          tr("Layer"),
                          tr("Which linear layer; “selected” follows the map"),
                          {{kFollow, tr("Selected")}},
                          m_site ? QLatin1String(siteId(*m_site)) : kFollow};
    for (const Site site : linearSites())
      projection.choices.emplace_back(QLatin1String(siteId(site)), QLatin1String(siteId(site)));
    options.push_back(projection);
    NumberRange range = kNeuron;
    if (m_linear.ready()) range.maximum = m_linear.outputs() - 1;
    options.push_back(numberOption(
        "neuron", tr("Neuron"),
        tr("Which row of W is followed (−1: the largest by magnitude); click a row to choose it"), range,
        std::min<double>(m_neuron.value_or(-1), range.maximum)));
  }
  return options;
}

bool ProbabilitiesView::setSampling(const QString& id, const QString& value) {
  const NumberRange& range = id == QLatin1String("temperature") ? kTemperature
                             : id == QLatin1String("top_k")     ? kTopK
                                                                : kTopP;
  const std::optional<double> number = range.parse(value);
  if (!number) return false;
  if (&range == &kTemperature) m_tried.temperature = *number;
  if (&range == &kTopK) m_tried.topK = static_cast<int>(*number);
  if (&range == &kTopP) m_tried.topP = *number;
  m_whatIf = true;
  return true;
}

bool ProbabilitiesView::setOption(const QString& id, const QString& value) {
  if (id == QLatin1String("show")) {
    if (value == QLatin1String("pick")) {
      m_panel = Panel::pick;
    } else if (value == QLatin1String("journey")) {
      m_panel = Panel::journey;
    } else if (value == QLatin1String("linear")) {
      m_panel = Panel::linear;
    } else {
      return false;
    }
  } else if (id == QLatin1String("settings")) {
    if (value != QLatin1String("run") && value != QLatin1String("what-if")) return false;
    m_whatIf = value == QLatin1String("what-if");
    if (!m_whatIf) m_tried = kTriedAtFirst;
  } else if (id == QLatin1String("temperature") || id == QLatin1String("top_k") ||
             id == QLatin1String("top_p")) {
    if (!setSampling(id, value)) return false;
  } else if (id == QLatin1String("projection")) {
    const auto site = std::find_if(linearSites().begin(), linearSites().end(),
                                   [&](Site s) { return value == QLatin1String(siteId(s)); });
    if (value != kFollow && site == linearSites().end()) return false;
    m_site = value == kFollow ? std::nullopt : std::optional(*site);
  } else if (id == QLatin1String("neuron")) {
    const std::optional<double> number = kNeuron.parse(value);
    if (!number) return false;
    m_neuron = *number < 0 ? std::nullopt : std::optional(static_cast<int>(*number));
  } else {
    return false;
  }
  update();
  return true;
}

void ProbabilitiesView::present(const SessionSnapshot& session, const Selection& selection) {
  m_shown = shownRun(session, selection);
  update();
}

void ProbabilitiesView::update() {
  switch (m_panel) {
    case Panel::pick:
      return m_pick.present(m_shown, m_whatIf ? std::optional(m_tried) : std::nullopt);
    case Panel::journey:
      return m_journey.present(m_shown);
    case Panel::linear:
      return m_linear.present(m_shown, m_site, m_neuron);
  }
}

bool ProbabilitiesView::hasPicture() const {
  if (!m_shown.ready()) return false;
  return m_panel == Panel::pick ? m_pick.hasLogits() : m_panel == Panel::linear ? m_linear.ready() : true;
}

QString ProbabilitiesView::emptyText() const {
  if (m_shown.state == ShownRun::State::noModel)
    return tr("Open a model: what its logits make of every candidate for the next token appears here.");
  if (!m_shown.ready())
    return tr(
        "Make a step (Space in the window): the candidates for the next token, their logits and "
        "probabilities appear here.");
  if (m_panel == Panel::linear) return m_linear.missingText();
  return tr("The logits of this step are not stored any more (trace budget).");
}

FrameTexts ProbabilitiesView::texts() const {
  switch (m_panel) {
    case Panel::pick:
      return {m_pick.title(), m_pick.subtitle(), m_pick.note(), m_pick.readout(), {}, {}};
    case Panel::journey:
      return {m_journey.title(), m_journey.subtitle(), {}, m_journey.readout(), {}, {}};
    case Panel::linear:
      return {m_linear.title(), m_linear.subtitle(), {}, m_linear.readout(), m_linear.shortReadout(), {}};
  }
  return {};
}

void ProbabilitiesView::paint(QPainter& painter, const QRectF& area, const Theme& theme) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(area, theme.background);
  m_pickPicture = {};
  m_linearPicture = {};
  m_journeyPicture = {};
  if (!hasPicture()) {
    painter.setRenderHint(QPainter::Antialiasing, true);
    drawMessage(painter, area, theme, m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle(), emptyText());
    painter.restore();
    return;
  }
  FrameTexts words = texts();
  if (m_panel == Panel::journey) {
    const QList<QRgb> colors = colormapTable(Colormap::diverging, theme.dark);
    words.legend = {{tr("chosen token"), colorSample(theme.query)},
                    {tr("generated"), colorSample(theme.accent)},
                    {tr("below 0"), colorSample(QColor::fromRgb(colors[50]))},
                    {tr("above 0"), colorSample(QColor::fromRgb(colors[205]))},
                    {tr("±: each strip's largest magnitude, no unit"), colorSample(theme.panel)}};
  }
  const PictureFrame frame = framePicture(painter, area, theme, words);
  switch (m_panel) {
    case Panel::pick:
      m_pickPicture.paint(painter, frame.body, theme, m_pick);
      break;
    case Panel::journey:
      m_journeyPicture.paint(painter, frame.body, theme, m_journey);
      break;
    case Panel::linear:
      m_linearPicture.paint(painter, frame.body, theme, m_linear);
      break;
  }
  paintFrame(painter, frame, theme, words);
  painter.restore();
}

std::optional<Hit> ProbabilitiesView::hitTest(QPointF point) const {
  if (!hasPicture()) return std::nullopt;
  Hit hit;
  hit.hovered = m_shown.selection;
  if (m_panel == Panel::pick) {
    const int i = m_pickPicture.candidateAt(point);
    if (i < 0) return std::nullopt;
    const CandidateSteps& candidate = m_pick.steps().candidates[static_cast<std::size_t>(i)];
    hit.toolTip = m_pick.toolTip(candidate);
    hit.locks = false;
    if (candidate.token != m_pick.picked()) hit.branch = candidate.token;
    hit.number = NumberPlace{hit.hovered, candidate.token.value};
    hit.number->row.site = Site::logits;
    hit.number->row.query = Position{m_shown.tokens - 1};
    return hit;
  }
  if (m_panel == Panel::linear) {
    const auto spot = m_linearPicture.at(point);
    if (!spot) return std::nullopt;
    hit.toolTip = m_linear.toolTip(spot->neuron, spot->input);
    hit.locks = false;
    hit.option = {QStringLiteral("neuron"), QString::number(spot->neuron)};
    Cell cell = m_linear.explanation().cell;
    cell.index = spot->neuron;
    hit.number = placeOf(*m_shown.run, cell, hit.hovered);
    return hit;
  }
  if (const int token = m_journeyPicture.tokenAt(point); token >= 0) {
    hit.toolTip = m_journey.tokenToolTip(token);
    hit.clicked = hit.hovered;
    hit.clicked->query = Position{token};
    hit.number = NumberPlace{*hit.clicked, -1};
    hit.number->row.site = Site::embedTokens;
    return hit;
  }
  const JourneyPicture::StopSpot spot = m_journeyPicture.stopAt(point);
  if (spot.stop < 0) return std::nullopt;
  const JourneyModel::Stop& stop = m_journey.stops()[static_cast<std::size_t>(spot.stop)];
  hit.toolTip = m_journey.stopToolTip(stop, spot.index);
  if (stop.grid.rows > 0 && spot.index >= 0)
    hit.number = placeOf(*m_shown.run, {stop.at, stop.layer, hit.hovered.query, spot.index}, hit.hovered);
  return hit;
}

Selection ProbabilitiesView::moved(const Selection& selection, int dx, int dy) const {
  // Left and right go through the steps of the pick; tokens stand below each other everywhere else.
  Selection s = selection;
  if (m_panel == Panel::pick) {
    s.step = StepIndex{std::max(1, s.step.value + dx + dy)};
  } else {
    s.query = Position{std::max(0, s.query.value + dx + dy)};
  }
  return s;
}

std::vector<NamedTable> ProbabilitiesView::tables() const {
  if (!hasPicture()) return {};
  switch (m_panel) {
    case Panel::pick:
      return {m_pick.table()};
    case Panel::journey:
      return m_journey.tables();
    case Panel::linear:
      return m_linear.tables();
  }
  return {};
}

QString ProbabilitiesView::description() const {
  if (!hasPicture())
    return (m_shown.ready() ? tr("Not stored") : m_shown.emptyTitle()) + QStringLiteral(". ") + emptyText();
  const FrameTexts words = texts();
  QString text = words.title + QStringLiteral(". ");
  if (!words.note.isEmpty()) text += words.note + QLatin1Char(' ');
  return text + words.readout + QLatin1Char('.');
}

}  // namespace decodescope
