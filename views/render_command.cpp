#include "views/render_command.h"

#include <QRegularExpression>
#include <QStringList>

namespace decodescope {

QString shellQuoted(const QString& word) {
  static const QRegularExpression kPlain(QStringLiteral("^[A-Za-z0-9_@%+=:,./-]+$"));
  if (kPlain.match(word).hasMatch()) return word;
  QString inside = word;
  return QLatin1Char('\'') + inside.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
}

QString renderCommand(const SessionSnapshot& session, const Selection& selection, const QString& viewId,
                      const View& view, const FigureSize& figure, bool dark, const QString& out) {
  QStringList words{QStringLiteral("decodescope"), QStringLiteral("render")};
  const auto add = [&](const char* option, const QString& value) {
    words << QLatin1String(option) << shellQuoted(value);
  };
  const Selection at = clampTo(selection, session);
  if (!session.lanes.empty()) {
    const RunSnapshot& run = *session.lanes[static_cast<std::size_t>(at.lane)].run;
    if (run.model) add("--model", QString::fromStdString(run.model->path));
    if (run.promptLength > 0) {
      QStringList ids;
      for (int i = 0; i < run.promptLength; ++i)
        ids << QString::number(run.tokens[static_cast<std::size_t>(i)].value);
      add("--tokens", ids.join(QLatin1Char(',')));
    }
    // Enough to reach what is shown: later steps do not change it.
    add("--steps", QString::number(run.stepCount()));
    const RunSettings& s = run.settings;
    const bool cache =
        at.step.value > 0 ? run.steps[static_cast<std::size_t>(at.step.value - 1)].kvCache : s.kvCache;
    if (!cache) add("--kv-cache", QStringLiteral("off"));
    if (s.sampling.temperature > 0) {
      add("--temperature", QString::number(s.sampling.temperature, 'g', 17));
      if (s.sampling.topK > 0) add("--top-k", QString::number(s.sampling.topK));
      if (s.sampling.topP < 1) add("--top-p", QString::number(s.sampling.topP, 'g', 17));
      add("--seed", QString::number(s.sampling.seed));
    }
    if (s.ignoreEos) words << QStringLiteral("--ignore-eos");
  }
  add("--view", viewId);
  add("--layer", QString::number(at.layer.value));
  add("--head", QString::number(at.head.value));
  add("--at", QString::number(at.step.value));
  add("--query", QString::number(at.query.value));
  add("--key", QString::number(at.key.value));
  QStringList set;
  for (const ViewOption& option : view.options()) {
    if (option.value != option.standardValue()) set << option.id + QLatin1Char('=') + option.value;
  }
  if (!set.isEmpty()) add("--set", set.join(QLatin1Char(',')));
  if (figure.widthMm > 0) {
    add("--width-mm", QString::number(figure.widthMm));
    add("--font-pt", QString::number(figure.fontPt));
    add("--dpi", QString::number(figure.dpi));
  } else {
    add("--size", QStringLiteral("%1x%2").arg(figure.dots.width()).arg(figure.dots.height()));
    if (figure.scale != 1) add("--scale", QString::number(figure.scale));
  }
  add("--theme", dark ? QStringLiteral("dark") : QStringLiteral("light"));
  if (!out.isEmpty()) add("--out", out);
  return words.join(QLatin1Char(' '));
}

}  // namespace decodescope
