#include "app/inspector_text.h"

#include "app/architecture_layout.h"
#include "app/format.h"
#include "app/inspector_page.h"
#include "core/decode/sampler.h"
#include "core/explain/arithmetic.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace decodescope {
namespace {

constexpr std::size_t kShownFactors = 6;
constexpr int kShownValues = 24;
constexpr int kShownCandidates = 8;

QString tr(const char* text) {
  return QCoreApplication::translate("Inspector", text);
}

QString token(const RunSnapshot& run, Position p) {
  const auto index = static_cast<std::size_t>(p.value);
  if (index >= run.tokens.size()) return {};
  return QStringLiteral("“%1”").arg(escapedText(run.model->tokenizer->shownPiece(run.tokens[index])));
}

/// For narrow columns.
QString shortToken(const RunSnapshot& run, Position p) {
  constexpr qsizetype kMost = 8;
  const QString piece =
      QString::fromStdString(run.model->tokenizer->shownPiece(run.tokens[static_cast<std::size_t>(p.value)]));
  return (piece.size() > kMost ? piece.left(kMost - 1) + QChar(0x2026) : piece).toHtmlEscaped();
}

void writeNames(InspectorPage& page, const RunSnapshot& run, const Selection& selection) {
  const SiteInfo& info = siteInfo(selection.site);
  const ModelConfig& config = run.model->config();
  page.title(operationLabel(selection.site, config).toHtmlEscaped());
  page.line(page.number(escapedText(siteDumpName(selection.site, selection.layer))));
  QString lens = QString::fromUtf8(info.lensName);
  lens.replace(QStringLiteral("{i}"), QString::number(selection.layer.value));
  if (!lens.isEmpty()) {
    page.line(page.number(colouredText(lens, page.theme().faintText)) +
              colouredText(tr(" in TransformerLens"), page.theme().faintText));
  }
  page.line(tr("shape %1 = %2")
                .arg(QString::fromUtf8(siteShape(selection.site, config)),
                     shapeInNumbers(selection.site, config, run.tokensSeenAt(selection.step))));
  page.formula(QString::fromUtf8(info.formula));
}

QString cellLink(const Cell& cell) {
  return QStringLiteral("cell:%1/%2/%3/%4")
      .arg(static_cast<int>(cell.site))
      .arg(cell.layer.value)
      .arg(cell.position.value)
      .arg(cell.index);
}

QString countOf(std::span<const float> values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return tr("%1 numbers, %2 … %3")
      .arg(values.size())
      .arg(shownNumber(static_cast<double>(*least)), shownNumber(static_cast<double>(*most)));
}

/// Symbol and name; a link where the operand can be gone to.
QString operandName(InspectorPage& page, const Operand& operand) {
  const QString symbol = QStringLiteral("<b>%1</b> ").arg(escapedText(operand.symbol));
  const QString name = escapedText(operand.name);
  return symbol + (operand.source ? page.link(cellLink(*operand.source), name, true)
                                  : colouredText(name, page.theme().faintText));
}

/// What went into the number: single ones with their value, vectors as strips.
void writeOperands(InspectorPage& page, const Explanation& e) {
  for (const Operand& operand : e.operands) {
    if (operand.values.size() == 1) {
      page.beginTable();
      const auto value = static_cast<double>(operand.values.front());
      page.row(operandName(page, operand), e.kind == ExplanationKind::arithmetic
                                               ? escapedText(arithmeticNumber(value))
                                               : shownNumber(value));
      page.endTable();
      continue;
    }
    page.line(operandName(page, operand));
    const bool marks = e.kind == ExplanationKind::norm || e.kind == ExplanationKind::softmax ||
                       e.kind == ExplanationKind::dividedSoftmax;
    page.strip(operand.values, marks ? e.element : -1);
    page.faint(countOf(operand.values));
  }
}

/// Two vectors whose products are summed: the terms that count most; for a weighted sum with their tokens.
void writeLargestTerms(InspectorPage& page, const RunSnapshot& run, const Explanation& e) {
  const std::vector<float>& left = e.operands[0].values;
  const std::vector<float>& right = e.operands[1].values;
  const bool byToken = e.kind == ExplanationKind::weightedSum && e.origin.empty();
  const auto term = [&](std::size_t i) {
    return static_cast<double>(left[i]) * static_cast<double>(right[i]);
  };
  std::vector<std::size_t> order(std::min(left.size(), right.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(term(a)) > std::abs(term(b)); });
  const auto symbol = [&](std::size_t i) { return escapedText(e.operands[i].symbol); };
  page.beginTable({byToken ? tr("token") : QStringLiteral("i"), symbol(0), symbol(1), tr("product")});
  for (std::size_t i = 0; i < order.size() && i < kShownFactors; ++i) {
    const std::size_t at = order[i];
    page.cells({byToken ? shortToken(run, Position{static_cast<int>(at)}) : QString::number(at),
                shownNumber(static_cast<double>(left[at])), shownNumber(static_cast<double>(right[at])),
                shownNumber(term(at))});
  }
  page.endTable();
  if (order.size() > kShownFactors)
    page.faint(tr("the %1 largest of %2 terms").arg(kShownFactors).arg(order.size()));
}

void writeResult(InspectorPage& page, const Explanation& e) {
  const auto number = [&](double value) {
    return e.kind == ExplanationKind::arithmetic ? escapedText(arithmeticNumber(value)) : shownNumber(value);
  };
  page.beginTable();
  page.row(tr("computed again from these"), number(e.recomputed));
  page.row(QStringLiteral("<b>%1</b>").arg(e.origin.empty() ? tr("in the run") : tr("shown")),
           QStringLiteral("<b>%1</b>").arg(number(e.traced)));
  page.endTable();
  page.line(tr("%1 · %2").arg(page.link(QStringLiteral("code:numpy"), tr("Copy as NumPy"), true),
                              page.link(QStringLiteral("code:torch"), tr("Copy as PyTorch"), true)));
}

void writeExplanation(InspectorPage& page, const RunSnapshot& run, const Explanation& e) {
  page.formula(QString::fromStdString(e.formula));
  page.line(page.number(escapedText(e.filled)));
  writeOperands(page, e);
  if (e.kind == ExplanationKind::product || e.kind == ExplanationKind::weightedSum ||
      e.kind == ExplanationKind::scaledProduct || e.kind == ExplanationKind::innerProduct)
    writeLargestTerms(page, run, e);
  writeResult(page, e);
}

/// A number that a view works out.
void writeDerived(InspectorPage& page, const RunSnapshot& run, const Explanation& e) {
  page.title(escapedText(e.name));
  if (!e.shape.empty()) page.line(tr("shape %1").arg(escapedText(e.shape)));
  writeExplanation(page, run, e);
  page.heading(tr("Where it comes from"));
  page.line(escapedText(e.origin));
}

/// A score or a weight: how the selected one was made, and for a weight also the score that it comes from.
void writeAttentionCell(InspectorPage& page, const RunSnapshot& run, const Selection& s) {
  const ModelConfig& config = run.model->config();
  const Theme& theme = page.theme();
  page.line(tr("%1 (position %2) looks at %3 (position %4)")
                .arg(colouredText(token(run, s.query), theme.query))
                .arg(s.query.value)
                .arg(colouredText(token(run, s.key), theme.key))
                .arg(s.key.value));
  page.faint(
      tr("query head %1, key/value head %2").arg(s.head.value).arg(config.keyValueHeadOf(s.head).value));
  const int tokens = run.tokensSeenAt(s.step);
  const int visible = cellCount(run, s.site, s.query, tokens) / config.numAttentionHeads;
  if (visible > 0 && s.key.value >= visible) {
    page.line(
        tr("Masked: the key is a later token. A query sees itself and earlier tokens only, so its weight is "
           "exactly 0 and the run never computes the score."));
    return;
  }
  const int index = s.head.value * visible + s.key.value;
  const std::optional<Explanation> score = explain(run, {Site::scores, s.layer, s.query, index}, tokens);
  if (!score) {
    page.line(tr("The trace of this position is no longer kept."));
    return;
  }
  if (s.site == Site::scores) {
    page.heading(tr("How the score was made"));
    writeExplanation(page, run, *score);
    return;
  }
  page.heading(tr("1 · The score: query times key, scaled"));
  page.line(page.number(escapedText(score->filled)));
  writeOperands(page, *score);
  if (score->kind == ExplanationKind::scaledProduct) writeLargestTerms(page, run, *score);
  const std::optional<Explanation> weight = explain(run, {Site::weights, s.layer, s.query, index}, tokens);
  if (!weight) return;
  page.heading(tr("2 · Softmax over %1 visible keys").arg(visible));
  writeExplanation(page, run, *weight);
  page.faint(
      tr("q and k are the rows that the run stored; score and weight are made from them by the decoder's "
         "own kernel."));
}

struct Statistics {
  double least = 0, most = 0, mean = 0, rms = 0, norm = 0;
};

Statistics statisticsOf(std::span<const float> row) {
  Statistics s{static_cast<double>(row[0]), static_cast<double>(row[0])};
  double sum = 0, squares = 0;
  for (const float value : row) {
    const auto v = static_cast<double>(value);
    s.least = std::min(s.least, v);
    s.most = std::max(s.most, v);
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<double>(row.size());
  s.mean = sum / n;
  s.rms = std::sqrt(squares / n);
  s.norm = std::sqrt(squares);
  return s;
}

/// All of it as a strip, and the numbers around the chosen one; links lead through the others.
void writeRow(InspectorPage& page, std::span<const float> row, int element) {
  const auto size = static_cast<int>(row.size());
  page.heading(tr("The row: %1 numbers").arg(size));
  page.strip(row, element);
  const int first = std::max(element, 0) / kShownValues * kShownValues;
  const int end = std::min(first + kShownValues, size);
  page.beginTable();
  for (int start = first; start < end; start += 3) {
    QStringList cells{colouredText(QStringLiteral("[%1]").arg(start), page.theme().faintText)};
    for (int i = start; i < std::min(start + 3, end); ++i) {
      cells << page.link(QStringLiteral("element:%1").arg(i),
                         shownNumber(static_cast<double>(row[static_cast<std::size_t>(i)])), i == element);
    }
    page.cells(cells);
  }
  page.endTable();
  QStringList others;
  if (first > 0) {
    others << page.link(QStringLiteral("element:%1").arg(first - kShownValues), tr("◂ %1 before").arg(first),
                        true);
  }
  if (end < size) {
    others << page.link(QStringLiteral("element:%1").arg(end), tr("%1 after ▸").arg(size - end), true);
  }
  if (!others.isEmpty()) page.line(others.join(QStringLiteral(" · ")));
  const Statistics s = statisticsOf(row);
  page.heading(tr("Of the whole row"));
  page.beginTable();
  page.row(tr("smallest"), shownNumber(s.least));
  page.row(tr("largest"), shownNumber(s.most));
  page.row(tr("mean"), shownNumber(s.mean));
  page.row(tr("root mean square"), shownNumber(s.rms));
  page.row(tr("length"), shownNumber(s.norm));
  page.endTable();
}

void writeLogits(InspectorPage& page, const RunSnapshot& run, const Selection& s,
                 std::span<const float> logits, int element) {
  page.heading(tr("Most probable next tokens"));
  SamplingSettings all;
  all.temperature = 1;
  all.topK = kShownCandidates;
  const std::vector<Candidate> best = keptCandidates(logits, all);
  const auto next = static_cast<std::size_t>(s.query.value) + 1;
  page.beginTable({tr("token"), tr("logit z"), tr("softmax")});
  for (const Candidate& candidate : best) {
    const bool followed = next < run.tokens.size() && run.tokens[next] == candidate.token;
    const QString piece = escapedText(run.model->tokenizer->shownPiece(candidate.token));
    page.cells(
        {followed ? colouredText(QStringLiteral("<b>%1</b>").arg(piece), page.theme().accent) : piece,
         page.link(QStringLiteral("element:%1").arg(candidate.token.value),
                   shownNumber(static_cast<double>(logits[static_cast<std::size_t>(candidate.token.value)])),
                   candidate.token.value == element),
         shownNumber(tokenProbability(logits, candidate.token))});
  }
  page.endTable();
  page.faint(tr("softmax(z) over all %1 tokens at temperature 1. The token that followed is coloured.")
                 .arg(logits.size()));
}

/// The part of the token's row that belongs to the selected head, or all of it.
struct Slice {
  std::size_t first = 0, size = 0;
};

Slice sliceOf(const RunSnapshot& run, const Selection& s) {
  const ModelConfig& config = run.model->config();
  const auto width = static_cast<std::size_t>(siteHeads(s.site, config).width);
  return {static_cast<std::size_t>(siteHeadOf(s.site, config, s.head)) * width, width};
}

/// Everything but scores and weights: the row of the query's token.
void writePositionRow(InspectorPage& page, const RunSnapshot& run, const Selection& s, int element) {
  const ModelConfig& config = run.model->config();
  const SiteInfo& info = siteInfo(s.site);
  page.line(
      tr("%1 (position %2)").arg(colouredText(token(run, s.query), page.theme().query)).arg(s.query.value));
  const PositionTrace* trace = run.trace(s.query);
  std::span<const float> row =
      trace ? trace->row(s.site, info.perLayer ? s.layer : kNoLayer) : std::span<const float>();
  if (row.empty()) {
    page.line(tr("The trace of this position is not kept for this tensor."));
    return;
  }
  if (info.layout == SiteShape::queryHeads) page.faint(tr("query head %1").arg(s.head.value));
  if (info.layout == SiteShape::keyHeads) {
    page.faint(tr("key/value head %1, read by query head %2")
                   .arg(config.keyValueHeadOf(s.head).value)
                   .arg(s.head.value));
  }
  const Slice slice = sliceOf(run, s);
  row = row.subspan(slice.first, slice.size);
  const std::optional<Cell> cell = inspectedCell(run, {s, element, -1});
  if (!cell) return;
  element = cell->index - static_cast<int>(slice.first);
  if (s.site == Site::logits) writeLogits(page, run, s, row, element);
  if (const std::optional<Explanation> e = explain(run, *cell, run.tokensSeenAt(s.step))) {
    page.heading(s.site == Site::logits ? tr("How the logit of %1 was made")
                                              .arg(QStringLiteral("“%1”").arg(escapedText(
                                                  run.model->tokenizer->shownPiece(TokenId{element}))))
                                        : tr("How number %1 was made").arg(element));
    writeExplanation(page, run, *e);
  }
  writeRow(page, row, element);
}

void writeProvenance(InspectorPage& page, const RunSnapshot& run, const Selection& s) {
  const auto fed = std::find_if(run.steps.begin(), run.steps.end(),
                                [&](const StepRecord& step) { return step.tokensSeen > s.query.value; });
  if (fed == run.steps.end()) return;
  page.heading(tr("Where it comes from"));
  page.line(
      tr("First computed by step %1 (KV cache %2), %3.")
          .arg(fed->index.value)
          .arg(fed->kvCache ? tr("on") : tr("off"),
               fed->rowsComputed == 1 ? tr("one row") : tr("with %1 rows at once").arg(fed->rowsComputed)));
}

}  // namespace

std::optional<Cell> inspectedCell(const RunSnapshot& run, const NumberPlace& place) {
  Selection s = place.row;
  s.query = place.rowPosition();
  const SiteInfo& info = siteInfo(s.site);
  const int tokens = run.tokensSeenAt(s.step);
  const int cells = cellCount(run, s.site, s.query, tokens);
  if (cells == 0) return std::nullopt;
  Cell cell{s.site, info.perLayer ? s.layer : kNoLayer, s.query, 0};
  if (info.layout == SiteShape::attention) {
    const int visible = cells / run.model->config().numAttentionHeads;
    if (s.key.value >= visible) return std::nullopt;
    cell.index = s.head.value * visible + s.key.value;
    return cell;
  }
  const Slice slice = sliceOf(run, s);
  int element = place.element;
  if (element < 0 && s.site == Site::logits) {
    const auto next = static_cast<std::size_t>(s.query.value) + 1;
    if (next < run.tokens.size()) element = run.tokens[next].value;
  }
  cell.index = static_cast<int>(slice.first) + std::clamp(element, 0, static_cast<int>(slice.size) - 1);
  return cell;
}

std::optional<Cell> linkedCell(const QUrl& link) {
  const QStringList parts = link.path().split(QLatin1Char('/'));
  if (link.scheme() != QLatin1String("cell") || parts.size() != 4) return std::nullopt;
  const int site = parts[0].toInt();
  if (site < 0 || site >= kSiteCount) return std::nullopt;
  return Cell{static_cast<Site>(site), LayerIndex{parts[1].toInt()}, Position{parts[2].toInt()},
              parts[3].toInt()};
}

QString inspectorHtml(const RunSnapshot& run, const NumberPlace& place, const Theme& theme, bool canGoBack) {
  Selection s = place.row;
  s.query = place.rowPosition();
  InspectorPage page(theme);
  if (canGoBack) page.line(page.link(QStringLiteral("back:"), tr("◂ Back"), true));
  if (place.derived) {
    writeDerived(page, run, *place.derived);
    return page.take();
  }
  writeNames(page, run, s);
  if (s.step.value < 1) {
    page.line(tr("Nothing has been computed yet. Space feeds the prompt."));
    return page.take();
  }
  if (siteInfo(s.site).layout == SiteShape::attention) {
    writeAttentionCell(page, run, s);
  } else {
    writePositionRow(page, run, s, place.element);
  }
  writeProvenance(page, run, s);
  return page.take();
}

}  // namespace decodescope
