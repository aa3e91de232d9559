#include "views/compare/compare_model.h"

#include "core/cost/decode_cost.h"
#include "core/train/held_out.h"
#include "views/lane_text.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Single precision holds whole numbers up to 2^24: two columns hold every one.
float upper(std::uint64_t count) {
  return static_cast<float>(count >> 24);
}
float lower(std::uint64_t count) {
  return static_cast<float>(count & 0xffffff);
}

QString tr(const char* text) {
  return QCoreApplication::translate("CompareView", text);
}

QString fixed(double value, int decimals = 4) {
  return QString::number(value, 'f', decimals);
}

/// "210 µs", "3.42 ms", "1.2 s".
QString timeText(double nanoseconds) {
  if (nanoseconds < 1e6) return tr("%1 µs").arg(QString::number(nanoseconds / 1e3, 'f', 0));
  if (nanoseconds < 1e9) return tr("%1 ms").arg(QString::number(nanoseconds / 1e6, 'f', 2));
  return tr("%1 s").arg(QString::number(nanoseconds / 1e9, 'f', 2));
}

/// "755 k", "1.24 M": powers of 1000.
QString countText(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  if (n < 1e4) return groupedNumber(count);
  if (n < 1e6) return tr("%1 k").arg(QString::number(n / 1e3, 'f', n < 1e5 ? 1 : 0));
  if (n < 1e9) return tr("%1 M").arg(QString::number(n / 1e6, 'f', 2));
  return tr("%1 G").arg(QString::number(n / 1e9, 'f', 2));
}

QString keysAndValues(const ModelConfig& c) {
  switch (c.attention) {
    case AttentionKind::latent:
      return tr("latent %1 + %2").arg(c.kvLoraRank).arg(c.qkRopeHeadDim);
    case AttentionKind::linear:
      return tr("%1 states of %2").arg(c.numKeyValueHeads).arg(c.headDim * (c.headDim + 1));
    case AttentionKind::softmax:
      break;
  }
  return QStringLiteral("%1 × %2").arg(c.numKeyValueHeads).arg(c.headDim);
}

QString keysAndValuesTip(const ModelConfig& c) {
  switch (c.attention) {
    case AttentionKind::latent:
      return tr("kv_lora_rank %1 and one rotary key of qk_rope_head_dim %2 for all heads, in each layer")
          .arg(c.kvLoraRank)
          .arg(c.qkRopeHeadDim);
    case AttentionKind::linear:
      return tr("Each of the %1 key/value heads keeps a state of head_dim × (head_dim + 1) numbers")
          .arg(c.numKeyValueHeads);
    case AttentionKind::softmax:
      break;
  }
  return tr("num_key_value_heads × head_dim: %1 query heads read each of them")
      .arg(c.queryHeadsPerKeyValueHead());
}

/// Of this lane, unless it was measured of another model.
const LaneMeasure* measureOf(const SessionSnapshot& session, const LaneSnapshot& lane) {
  if (!session.measures) return nullptr;
  for (const LaneMeasure& measure : session.measures->lanes) {
    if (measure.laneId == lane.laneId && measure.model == lane.run->model) return &measure;
  }
  return nullptr;
}

/// A time says nothing of a lane whose settings or prompt are others by now.
bool timeHolds(const LaneMeasure& measure, const RunSnapshot& run) {
  return measure.settings.kvCache == run.settings.kvCache && measure.settings.rules == run.settings.rules &&
         measure.promptLength == run.promptLength;
}

bool isUnderWay(const LaneMeasure* measure) {
  return measure && (measure->state == MeasureState::waiting || measure->state == MeasureState::running);
}

CompareModel::Cell underWay(const LaneMeasure& measure) {
  CompareModel::Cell cell;
  cell.text = measure.state == MeasureState::waiting
                  ? tr("waits")
                  : tr("%1 %").arg(static_cast<int>(100 * measure.progress));
  cell.below = tr("click: stop");
  cell.tip = tr("It is being measured beside the run. A click stops that.");
  cell.measures = false;
  return cell;
}

QString seedsText(const ModelCard& card) {
  const SeedStatistics seeds = seedStatistics(card.seedLosses);
  if (seeds.seeds == 0) return tr("card");
  return seeds.seeds == 1 ? tr("one seed")
                          : tr("± %1, %2 seeds").arg(fixed(seeds.deviation)).arg(seeds.seeds);
}

double lossOf(const ModelCard& card) {
  return card.seedLosses.size() > 1 ? seedStatistics(card.seedLosses).mean : card.heldOutLoss;
}

}  // namespace

QString CompareModel::header(Column column) {
  switch (column) {
    case kAttention:
      return tr("attention");
    case kHeads:
      return tr("queries");
    case kKeysAndValues:
      return tr("keys, values");
    case kParameters:
      return tr("parameters");
    case kCache:
      return tr("cache a token");
    case kMacs:
      return tr("MACs a step");
    case kLoss:
      return tr("held-out loss");
    case kTime:
      return tr("time a token");
    case kColumnCount:
      break;
  }
  return {};
}

QString CompareModel::headerTip(Column column) {
  switch (column) {
    case kAttention:
      return tr("The kind of attention");
    case kHeads:
      return tr("Query heads × numbers of each");
    case kKeysAndValues:
      return tr("What is cached of a token in a layer: key/value heads × numbers of each, or a latent");
    case kParameters:
      return tr("Numbers that were trained");
    case kCache:
      return tr("Bytes that a token adds to the cache, all layers, 4 bytes a number");
    case kMacs:
      return tr("Multiply-accumulates that the shown step needed, counted in the kernels");
    case kLoss:
      return tr("Nats a token on tales that no model was trained on: the model card's, or measured here");
    case kTime:
      return tr("Median time of a step behind the prompt: untraced, on one thread, measured here");
    case kColumnCount:
      break;
  }
  return {};
}

CompareModel::Cell CompareModel::cacheCell(const RunSnapshot& run) {
  const ModelConfig& c = run.model->config();
  const std::uint64_t bytes = kvCacheBytes(c, 1);
  Cell cell{byteText(bytes), {}, {}, {}};
  if (!run.settings.kvCache || !run.settings.rules.causalMask) {
    cell = {byteText(0), tr("cache off"), tr("Nothing is kept between steps"), {}};
  } else if (c.attention == AttentionKind::linear) {
    cell.text = byteText(0);
    cell.below = tr("%1 in all").arg(byteText(bytes));
    cell.tip = tr("The state takes %1 bytes, however long the text").arg(groupedNumber(bytes));
  } else if (c.attention == AttentionKind::latent) {
    cell.tip = tr("%1 layers × (%2 + %3) numbers × 4 bytes = %4")
                   .arg(QString::number(c.numHiddenLayers), QString::number(c.kvLoraRank),
                        QString::number(c.qkRopeHeadDim), groupedNumber(bytes));
  } else {
    cell.tip = tr("2 × %1 layers × %2 key/value heads × %3 × 4 bytes = %4")
                   .arg(QString::number(c.numHiddenLayers), QString::number(c.numKeyValueHeads),
                        QString::number(c.headDim), groupedNumber(bytes));
    if (c.slidingWindow > 0) cell.below = tr("at most %1 tokens").arg(c.slidingWindow);
  }
  return cell;
}

CompareModel::Cell CompareModel::macsCell(const StepRecord& step) {
  const Counters& n = step.counters;
  QStringList parts{tr("projections %1").arg(groupedNumber(n.projectionMacs))};
  if (n.rebuildMacs > 0) parts << tr("rebuilding %1").arg(groupedNumber(n.rebuildMacs));
  parts << tr("attention %1").arg(groupedNumber(n.attentionMacs))
        << tr("output layer %1").arg(groupedNumber(n.logitMacs));
  return {countText(n.macs()),
          tr("step %1").arg(step.index.value),
          tr("%1, counted in step %2, with %3 new row(s):\n%4")
              .arg(groupedNumber(n.macs()))
              .arg(step.index.value)
              .arg(step.rowsComputed)
              .arg(parts.join(QStringLiteral(" · "))),
          {}};
}

CompareModel::Cell CompareModel::lossCell(const RunSnapshot& run, const LaneMeasure* measure) const {
  const LoadedModel& model = *run.model;
  const ModelCard& card = model.card;
  if (card.heldOutLoss > 0) {
    Cell cell{fixed(lossOf(card)), seedsText(card), {}, {}};
    if (card.heldOutText.empty()) {
      cell.below = tr("its own text");
      cell.tip = tr("As the model's card says: on the sentences it learnt by heart. Nothing is held out.");
      return cell;
    }
    QStringList each;
    for (const SeedLoss& seed : card.seedLosses)
      each << tr("seed %1: %2").arg(seed.seed).arg(fixed(seed.loss));
    cell.tip = tr("As the model's card says, in nats a token, on %1.\n%2")
                   .arg(QString::fromStdString(card.heldOutText), each.join(QStringLiteral(" · ")));
    return cell;
  }
  if (measure && measure->loss) {
    Cell cell{fixed(measure->loss->lossPerToken), tr("measured"), {}, {}};
    cell.tip = tr("Measured here, in nats a token: %1 tokens of %2.")
                   .arg(groupedNumber(measure->loss->tokens), QString::fromStdString(measure->text));
    if (measure->damage) {
      const double more = measure->loss->lossPerToken - measure->damage->source.lossPerToken;
      cell.below =
          tr("%1 by deriving")
              .arg((more < 0 ? QString(QChar(0x2212)) : QStringLiteral("+")) + fixed(std::abs(more)));
    }
    return cell;
  }
  if (isUnderWay(measure)) return underWay(*measure);
  Cell cell{tr("not measured"), {}, {}, true};
  cell.tip = tr("Its card says none. A click measures it beside the run, without disturbing it.");
  if (measure && !measure->failure.empty()) cell.below = QString::fromStdString(measure->failure);
  return cell;
}

CompareModel::Cell CompareModel::timeCell(const RunSnapshot& run, const LaneMeasure* measure) const {
  const bool holds = measure && measure->pace && timeHolds(*measure, run);
  if (holds) {
    return {timeText(measure->pace->nanosecondsPerToken),
            tr("%1 tokens").arg(measure->pace->tokens),
            tr("Measured here: the median of %1 steps behind a prompt of %2 tokens, untraced, on one thread. "
               "What else the machine did meanwhile is in it.")
                .arg(measure->pace->tokens)
                .arg(measure->promptLength),
            {}};
  }
  if (isUnderWay(measure) && measure->isTimed && !measure->pace) return underWay(*measure);
  Cell cell{
      tr("not measured"), {}, tr("A click measures all lanes beside the run, without disturbing it."), true};
  if (measure && measure->isTimed && measure->state == MeasureState::stopped) cell.below = tr("stopped");
  if (measure && measure->pace) cell.below = tr("settings changed");
  if (measure && !measure->failure.empty()) cell.below = QString::fromStdString(measure->failure);
  return cell;
}

CompareModel::Lane CompareModel::laneOf(const SessionSnapshot& session, int index, StepIndex step) {
  const LaneSnapshot& lane = session.lanes[static_cast<std::size_t>(index)];
  const RunSnapshot& run = *lane.run;
  const ModelConfig& c = run.model->config();
  const LaneMeasure* measure = measureOf(session, lane);
  Lane out;
  out.name = laneLabel(session, index);
  QStringList remarks;
  if (!run.settings.kvCache) remarks << tr("cache off");
  if (run.sameTokens) remarks << tr("first lane's tokens");
  out.remark = remarks.join(QStringLiteral(" · "));
  out.cells.resize(kColumnCount);
  out.cells[kAttention] = {QString::fromStdString(c.attentionName()), {}, headerTip(kAttention), {}};
  out.cells[kHeads] = {QStringLiteral("%1 × %2").arg(c.numAttentionHeads).arg(c.headDim),
                       {},
                       tr("num_attention_heads × head_dim"),
                       {}};
  out.cells[kKeysAndValues] = {keysAndValues(c), {}, keysAndValuesTip(c), {}};
  const std::size_t parameters = run.model->model->layout().parameterCount();
  out.cells[kParameters] = {countText(parameters), {}, groupedNumber(parameters), {}};
  out.cells[kCache] = cacheCell(run);
  const int shown = std::min(step.value, run.stepCount());
  const StepRecord* record = shown >= 1 ? &run.steps[static_cast<std::size_t>(shown - 1)] : nullptr;
  out.cells[kMacs] =
      record ? macsCell(*record) : Cell{QStringLiteral("–"), {}, tr("No step has been made"), {}};
  out.cells[kLoss] = lossCell(run, measure);
  out.cells[kTime] = timeCell(run, measure);
  if (measure && measure->damage) {
    const MeasuredDamage& d = *measure->damage;
    out.damage << tr("%1 had %2, derived %3")
                      .arg(QString::fromStdString(run.model->derivedFrom ? run.model->derivedFrom->name : ""),
                           fixed(d.source.lossPerToken), fixed(measure->loss->lossPerToken))
               << tr("logits differ by %1 (RMS), at most %2")
                      .arg(shortNumber(d.rmsLogitDifference), shortNumber(d.largestLogitDifference))
               << tr("same likeliest token: %1 %").arg(fixed(100 * d.sameLikeliest, 1))
               << tr("KL %1 nats").arg(shortNumber(d.divergence));
    for (const TrainedAlike& alike : measure->alike)
      out.damage << tr("trained so from the start, %1: %2 (%3)")
                        .arg(QString::fromStdString(alike.name), fixed(lossOf(alike.card)),
                             seedsText(alike.card));
  }
  const bool isTimed = measure && measure->pace && timeHolds(*measure, run);
  const SeedStatistics seeds = seedStatistics(run.model->card.seedLosses);
  const bool hasLoss = run.model->card.heldOutLoss > 0 || (measure && measure->loss);
  const double loss = run.model->card.heldOutLoss > 0 ? lossOf(run.model->card)
                      : hasLoss                       ? measure->loss->lossPerToken
                                                      : 0;
  m_hasMeasured = m_hasMeasured || isTimed || (measure && measure->loss);
  const bool keeps = run.settings.kvCache && run.settings.rules.causalMask;
  const std::uint64_t bytes = !keeps || c.attention == AttentionKind::linear ? 0 : kvCacheBytes(c, 1);
  const bool latent = c.attention == AttentionKind::latent;
  out.values = {static_cast<float>(c.numAttentionHeads),
                static_cast<float>(c.numKeyValueHeads),
                static_cast<float>(c.headDim),
                latent ? static_cast<float>(c.kvLoraRank) : kNone,
                c.slidingWindow > 0 ? static_cast<float>(c.slidingWindow) : kNone,
                upper(parameters),
                lower(parameters),
                static_cast<float>(bytes),
                record ? upper(record->counters.macs()) : kNone,
                record ? lower(record->counters.macs()) : kNone,
                hasLoss ? static_cast<float>(loss) : kNone,
                seeds.seeds > 1 ? static_cast<float>(seeds.deviation) : kNone,
                seeds.seeds > 0 ? static_cast<float>(seeds.seeds) : kNone,
                isTimed ? static_cast<float>(measure->pace->nanosecondsPerToken) : kNone};
  return out;
}

void CompareModel::present(const SessionSnapshot& session, const Selection& selection) {
  m_lanes.clear();
  m_hasMeasured = false;
  m_isMeasuring = session.measures && session.measures->isBusy();
  for (std::size_t i = 0; i < session.lanes.size(); ++i) {
    if (session.lanes[i].run->model) m_lanes.push_back(laneOf(session, static_cast<int>(i), selection.step));
  }
}

std::vector<NamedTable> CompareModel::tables() const {
  if (m_lanes.empty()) return {};
  NamedTable table;
  table.name = QStringLiteral("lanes");
  table.columns = QStringList{QStringLiteral("num_attention_heads"),
                              QStringLiteral("num_key_value_heads"),
                              QStringLiteral("head_dim"),
                              QStringLiteral("kv_lora_rank"),
                              QStringLiteral("sliding_window"),
                              QStringLiteral("parameters / 2^24"),
                              QStringLiteral("parameters mod 2^24"),
                              QStringLiteral("cache_bytes_a_token"),
                              QStringLiteral("macs / 2^24"),
                              QStringLiteral("macs mod 2^24"),
                              QStringLiteral("held_out_loss"),
                              QStringLiteral("held_out_loss_sd"),
                              QStringLiteral("seeds"),
                              QStringLiteral("nanoseconds_a_token")};
  for (const Lane& lane : m_lanes) {
    table.rowLabels
        << QStringLiteral("%1 (%2)").arg(lane.name, lane.cells[kAttention].text).remove(QLatin1Char(','));
    table.values.insert(table.values.end(), lane.values.begin(), lane.values.end());
  }
  table.shape = {static_cast<int>(m_lanes.size()), static_cast<int>(table.columns.size())};
  return {table};
}

}  // namespace decodescope
