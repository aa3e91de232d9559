#include "views/probabilities/pick_model.h"

#include "core/decode/sampler.h"
#include "core/decode/step_logits.h"
#include "views/text_fit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ProbabilitiesView", text);
}

constexpr int kCandidates = 20;

QString minus(QString number) {
  return number.replace(QLatin1Char('-'), QChar(0x2212));
}

QString plain(double value) {
  return QString::number(value, 'g', 4);
}

/// A probability as people read one: "0.912", "3.1e−05", "0".
QString probabilityText(double p) {
  return minus(shortNumber(p));
}

}  // namespace

QString samplingText(const SamplingSettings& settings) {
  if (settings.temperature <= 0) return tr("greedy (temperature 0)");
  QString text = tr("temperature %1").arg(plain(settings.temperature));
  if (settings.topK > 0) text += tr(", top-k %1").arg(settings.topK);
  if (settings.topP < 1) text += tr(", top-p %1").arg(plain(settings.topP));
  return text;
}

namespace {

/// The settings with the seed, where a random number is drawn at all.
QString drawText(const SamplingSettings& settings) {
  const QString text = samplingText(settings);
  return settings.temperature > 0 ? text + tr(", seed %1").arg(settings.seed) : text;
}

}  // namespace

void PickModel::present(const ShownRun& shown, const std::optional<SamplingSettings>& whatIf) {
  m_shown = shown;
  m_steps = {};
  m_isWhatIf = m_chosenInstead = false;
  if (!shown.ready()) {
    m_logits.clear();
    m_logitsStep = 0;
    return;
  }
  const StepRecord& step = shown.step();
  const void* trace = shown.trace(Position{step.tokensSeen - 1});
  if (m_logitsRun != shown.run->runId || m_logitsStep != step.index.value || m_logitsTrace != trace) {
    m_logits = stepLogits(*shown.run, step.index);
    m_logitsRun = shown.run->runId;
    m_logitsStep = step.index.value;
    m_logitsTrace = trace;
  }
  m_picked = m_whatIfPick = step.sampled;
  if (m_logits.empty()) return;
  m_settings = whatIf.value_or(step.sampling);
  m_settings.seed = step.sampling.seed;
  m_isWhatIf = whatIf.has_value();
  m_drawn = drawnNumber(m_settings, step.index.value);
  m_steps = pickSteps(m_logits, m_settings, kCandidates, m_picked);
  m_chosenInstead = step.chosen && sampleToken(m_logits, step.sampling, step.index.value) != m_picked;
  m_whatIfPick =
      m_isWhatIf || m_chosenInstead ? sampleToken(m_logits, m_settings, step.index.value) : m_picked;
}

QString PickModel::title() const {
  return tr("From logits to the pick · step %1 of %2")
      .arg(m_shown.step().index.value)
      .arg(m_shown.run->stepCount());
}

QStringList PickModel::subtitle() const {
  const int last = m_shown.step().tokensSeen - 1;
  return {tr("one logit for each of %1 tokens, from the last row alone: position %2")
              .arg(groupedNumber(m_logits.size()), m_shown.tokenText(last)),
          tr("entropy %1 bits at temperature 1, %2 bits after the settings")
              .arg(QString::number(m_steps.probabilityEntropy, 'f', 2),
                   QString::number(m_steps.keptEntropy, 'f', 2))};
}

QString PickModel::note() const {
  if (m_isWhatIf) {
    return tr("What-if: %1, on the same logits (the step used: %2). %3")
        .arg(samplingText(m_settings), samplingText(m_shown.step().sampling),
             m_whatIfPick == m_picked
                 ? tr("The pick would be the same, %1.").arg(quoted(m_picked))
                 : tr("The pick would be %1 instead of %2.").arg(quoted(m_whatIfPick), quoted(m_picked)));
  }
  if (m_chosenInstead)
    return tr("You chose %1 here: decoding went on with it. Under %2 the pick was %3.")
        .arg(quoted(m_picked), samplingText(m_settings), quoted(m_whatIfPick));
  const QString own = drawText(m_settings), next = drawText(m_shown.run->settings.sampling);
  if (own != next) return tr("This step was picked with %1; the run now uses %2.").arg(own, next);
  return {};
}

QString PickModel::readout() const {
  double probability = 0;
  for (const CandidateSteps& c : m_steps.candidates) {
    if (c.token == m_picked) probability = c.probability;
  }
  QString text = (m_chosenInstead ? tr("chosen by you: %1, probability %2 at temperature 1")
                                  : tr("picked: %1, probability %2 at temperature 1"))
                     .arg(quoted(m_picked), probabilityText(probability));
  if (!m_isWhatIf && !m_chosenInstead && m_settings.temperature > 0)
    text += tr(" · the random number %1 (seed %2, draw %3) fell on it")
                .arg(QString::number(m_drawn, 'f', 4), QString::number(m_settings.seed),
                     QString::number(m_shown.step().index.value));
  return text;
}

std::vector<std::pair<QString, QString>> PickModel::pipeline() const {
  std::vector<std::pair<QString, QString>> stages;
  stages.emplace_back(tr("logits"), tr("%1 numbers").arg(groupedNumber(m_logits.size())));
  if (m_settings.temperature <= 0) {
    stages.emplace_back(tr("largest (greedy)"), tr("1 left"));
  } else {
    stages.emplace_back(tr("÷ temperature"), plain(m_settings.temperature));
    stages.emplace_back(tr("softmax"), tr("sum 1"));
    if (m_settings.topK > 0)
      stages.emplace_back(tr("top-k %1").arg(m_settings.topK),
                          tr("%1 left").arg(std::min(m_settings.topK, m_steps.vocabulary)));
    if (m_settings.topP < 1)
      stages.emplace_back(tr("top-p %1").arg(plain(m_settings.topP)), tr("%1 left").arg(m_steps.keptCount));
    if (m_settings.topK > 0 || m_settings.topP < 1) stages.emplace_back(tr("÷ what is left"), tr("sum 1"));
    stages.emplace_back(tr("draw"), QString::number(m_drawn, 'f', 3));
  }
  stages.emplace_back(tr("pick"), piece(m_whatIfPick));
  return stages;
}

QString PickModel::fateText(const CandidateSteps& candidate) const {
  switch (candidate.fate) {
    case CandidateFate::kept:
      return {};
    case CandidateFate::notLargest:
      return tr("not the largest");
    case CandidateFate::cutByTopK:
      return tr("cut by top-k");
    case CandidateFate::cutByTopP:
      return tr("cut by top-p");
  }
  return {};
}

QString PickModel::toolTip(const CandidateSteps& c) const {
  QString text = tr("%1 · id %2 · rank %3\nlogit %4, probability %5 at temperature 1")
                     .arg(quoted(c.token), QString::number(c.token.value), QString::number(c.rank),
                          minus(shortNumber(static_cast<double>(c.logit))), probabilityText(c.probability));
  text += c.fate == CandidateFate::kept ? tr(", %1 after the settings").arg(probabilityText(c.kept))
                                        : QStringLiteral(", ") + fateText(c);
  if (c.fate == CandidateFate::kept && m_settings.temperature > 0)
    text += tr(" (for random numbers %1 … %2)")
                .arg(QString::number(c.keptBefore, 'f', 4), QString::number(c.keptBefore + c.kept, 'f', 4));
  return text + QLatin1Char('\n') +
         (c.token == m_picked ? m_chosenInstead ? tr("This is what you chose for this step")
                                                : tr("This is what the step picked")
                              : tr("Click: choose otherwise, and decode on from here with this token"));
}

PickModel::Rest PickModel::rest(std::span<const int> shown) const {
  Rest rest;
  rest.tokens = m_steps.vocabulary;
  rest.probability = rest.kept = 1;
  for (const int i : shown) {
    --rest.tokens;
    rest.probability -= m_steps.candidates[static_cast<std::size_t>(i)].probability;
    rest.kept -= m_steps.candidates[static_cast<std::size_t>(i)].kept;
  }
  // What is left of 1 after a sum of shares is rounding when nothing is left.
  const auto settled = [&](double p) { return rest.tokens == 0 || p < 1e-12 ? 0.0 : p; };
  rest.probability = settled(rest.probability);
  rest.kept = settled(rest.kept);
  return rest;
}

NamedTable PickModel::table() const {
  NamedTable table;
  table.name = QStringLiteral("candidates");
  table.columns =
      QStringList{QStringLiteral("id"),          QStringLiteral("rank"),     QStringLiteral("logit"),
                  QStringLiteral("probability"), QStringLiteral("tempered"), QStringLiteral("after_settings"),
                  QStringLiteral("picked")};
  for (const CandidateSteps& c : m_steps.candidates) {
    table.rowLabels << piece(c.token);
    for (const double v :
         {static_cast<double>(c.token.value), static_cast<double>(c.rank), static_cast<double>(c.logit),
          c.probability, c.tempered, c.kept, c.token == m_picked ? 1.0 : 0.0})
      table.values.push_back(static_cast<float>(v));
  }
  table.shape = {static_cast<int>(m_steps.candidates.size()), static_cast<int>(table.columns.size())};
  return table;
}

}  // namespace decodescope
