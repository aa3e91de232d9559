#include "views/render_command.h"

#include "core/decode/run_recipe.h"

#include <QRegularExpression>
#include <QStringList>

#include <algorithm>

namespace decodescope {
namespace {

QString text(const std::string& bytes) {
  return QString::fromStdString(bytes);
}

/// The call, word by word, and what it cannot say.
struct Call {
  QStringList words{QStringLiteral("decodescope"), QStringLiteral("render")};
  QStringList remarks;

  void add(const char* option, const QString& value) { words << QLatin1String(option) << shellQuoted(value); }
};

void addSettings(Call& call, const RunRecipe& recipe) {
  const RunSettings& s = recipe.settings;
  if (!s.kvCache) call.add("--kv-cache", QStringLiteral("off"));
  const SamplingSettings& sampling = s.sampling;
  if (sampling.temperature > 0) call.add("--temperature", text(shortestText(sampling.temperature)));
  if (sampling.topK > 0) call.add("--top-k", QString::number(sampling.topK));
  if (sampling.topP < 1) call.add("--top-p", text(shortestText(sampling.topP)));
  if (sampling.temperature > 0 || sampling.seed > 0) call.add("--seed", QString::number(sampling.seed));
  if (s.ignoreEos) call.words << QStringLiteral("--ignore-eos");
  if (!s.rules.causalMask) call.add("--mask", QStringLiteral("off"));
  if (!s.rules.struckHeads.empty() || !s.rules.struckRows.empty())
    call.add("--strike", text(strikesText(s.rules)));
  for (const SettingsChange& change : recipe.changes) call.add("--change", text(changeText(change)));
  for (const auto& [step, token] : recipe.choices)
    call.add("--choose", QStringLiteral("%1:%2").arg(step.value).arg(token.value));
}

/// Rows that the trace budget took from the window: a call of `render` keeps all of them.
bool lacksRows(const RunSnapshot& run) {
  const auto dropped = [](const auto& rows) { return rows == nullptr; };
  return std::any_of(run.positions.begin(), run.positions.end(), dropped) ||
         std::any_of(run.unmaskedSteps.begin(), run.unmaskedSteps.end(), dropped);
}

void addRun(Call& call, const RunSnapshot& run) {
  if (run.model) call.add("--model", text(run.model->path));
  if (run.model && !run.model->tokenizerPath.empty()) call.add("--tokenizer", text(run.model->tokenizerPath));
  if (run.model && run.model->derivedRotary)
    call.add("--rotary-layout", QLatin1String(rotaryLayoutName(*run.model->derivedRotary)));
  if (run.promptLength > 0) {
    QStringList ids;
    for (int i = 0; i < run.promptLength; ++i)
      ids << QString::number(run.tokens[static_cast<std::size_t>(i)].value);
    call.add("--tokens", ids.join(QLatin1Char(',')));
  }
  call.add("--steps", QString::number(run.stepCount()));
  addSettings(call, recipeOf(run));
  if (run.state == RunState::failed) call.remarks << QStringLiteral("the run failed: ") + text(run.failure);
  if (lacksRows(run))
    call.remarks << QStringLiteral("rows that were dropped to keep within the trace budget are shown");
}

void addLane(Call& call, const RunSnapshot& first, const LaneSnapshot& lane) {
  const LaneRecipe recipe = laneRecipeOf(first, *lane.run);
  QStringList entries;
  const auto add = [&](const char* key, const QString& value) {
    entries << QLatin1String(key) + QLatin1Char('=') + laneValue(value);
  };
  if (!recipe.path.empty()) add("model", text(recipe.path));
  if (!recipe.tokenizer.empty()) add("tokenizer", text(recipe.tokenizer));
  if (recipe.derivedKvHeads) add("kv_heads", QString::number(*recipe.derivedKvHeads));
  if (recipe.derivedWindow) add("window", QString::number(*recipe.derivedWindow));
  if (recipe.derivedLinear) add("attention", QStringLiteral("linear"));
  if (recipe.rotaryLayout) add("rotary", QLatin1String(rotaryLayoutName(*recipe.rotaryLayout)));
  if (recipe.sameTokens) add("tokens", QStringLiteral("same"));
  if (recipe.kvCache) add("kv_cache", *recipe.kvCache ? QStringLiteral("on") : QStringLiteral("off"));
  if (recipe.rules) {
    if (recipe.rules->causalMask != first.settings.rules.causalMask)
      add("mask", recipe.rules->causalMask ? QStringLiteral("on") : QStringLiteral("off"));
    if (!recipe.rules->struckHeads.empty() || !recipe.rules->struckRows.empty() || entries.isEmpty())
      add("strike", text(strikesText(*recipe.rules)));
  }
  if (recipe.branchStep)
    add("branch", recipe.branchToken
                      ? QStringLiteral("%1:%2").arg(recipe.branchStep->value).arg(recipe.branchToken->value)
                      : QString::number(recipe.branchStep->value));
  add("name", text(lane.label));
  call.add("--lane", entries.join(QLatin1Char(',')));
  if (!tellsAllOf(recipeOf(first), recipe, *lane.run))
    call.remarks
        << QStringLiteral("lane “%1” went through settings that are not told here").arg(text(lane.label));
  if (lacksRows(*lane.run))
    call.remarks << QStringLiteral("dropped rows of lane “%1” are shown").arg(text(lane.label));
}

/// Whether the view says which of the lanes it shows: the call then has all of them and says the same.
bool choosesLanes(const View& view) {
  const std::vector<ViewOption> options = view.options();
  return std::any_of(options.begin(), options.end(),
                     [](const ViewOption& option) { return option.id == QLatin1String("lanes"); });
}

void addFigure(Call& call, const FigureSize& figure, bool dark) {
  if (figure.widthMm > 0) {
    call.add("--width-mm", text(shortestText(figure.widthMm)));
    call.add("--font-pt", text(shortestText(figure.fontPt)));
    call.add("--dpi", text(shortestText(figure.dpi)));
  } else {
    call.add("--size", QStringLiteral("%1x%2").arg(figure.dots.width()).arg(figure.dots.height()));
    if (figure.scale != 1) call.add("--scale", text(shortestText(figure.scale)));
  }
  call.add("--theme", dark ? QStringLiteral("dark") : QStringLiteral("light"));
}

}  // namespace

QString siteWord(Site site) {
  QString name = QLatin1String(siteInfo(site).dumpName);
  return name.remove(QStringLiteral("layers.{i}."));
}

QString laneValue(const QString& value) {
  QString word = value;
  return word.replace(QLatin1Char('%'), QStringLiteral("%25"))
      .replace(QLatin1Char(','), QStringLiteral("%2C"));
}

QString laneValueFrom(const QString& word) {
  QString value = word;
  return value.replace(QStringLiteral("%2C"), QStringLiteral(","))
      .replace(QStringLiteral("%25"), QStringLiteral("%"));
}

QString shellQuoted(const QString& word) {
  static const QRegularExpression kPlain(QStringLiteral("^[A-Za-z0-9_@%+=:,./-]+$"));
  if (kPlain.match(word).hasMatch()) return word;
  QString inside = word;
  return QLatin1Char('\'') + inside.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

QString renderCommand(const SessionSnapshot& session, const Selection& selection, const QString& viewId,
                      const View& view, const FigureSize& figure, bool dark, const QString& out) {
  Call call;
  const Selection at = clampTo(selection, session);
  if (!session.lanes.empty()) {
    const bool all = session.lanes.size() > 1 && (view.showsAllLanes() || choosesLanes(view));
    const RunSnapshot& run = *session.lanes[all ? 0 : static_cast<std::size_t>(at.lane)].run;
    addRun(call, run);
    for (std::size_t i = 1; all && i < session.lanes.size(); ++i) addLane(call, run, session.lanes[i]);
    if (all && at.lane > 0) call.add("--in-lane", QString::number(at.lane));
  }
  call.add("--view", viewId);
  call.add("--layer", QString::number(at.layer.value));
  call.add("--head", QString::number(at.head.value));
  call.add("--at", QString::number(at.step.value));
  call.add("--query", QString::number(at.query.value));
  call.add("--key", QString::number(at.key.value));
  if (at.site != Site::weights) call.add("--site", siteWord(at.site));
  QStringList set;
  for (const ViewOption& option : view.options()) {
    if (option.value != option.standardValue()) set << option.id + QLatin1Char('=') + option.value;
  }
  if (!set.isEmpty()) call.add("--set", set.join(QLatin1Char(',')));
  if (!view.zoomed().isEmpty()) call.add("--zoom", view.zoomed());
  addFigure(call, figure, dark);
  if (!out.isEmpty()) call.add("--out", out);
  if (!view.beyondCommand().isEmpty()) call.remarks << view.beyondCommand();
  QString line = call.words.join(QLatin1Char(' '));
  if (!call.remarks.isEmpty())
    line += QStringLiteral("  # ") + call.remarks.join(QStringLiteral("; ")).simplified();
  return line;
}

}  // namespace decodescope
