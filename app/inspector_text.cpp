#include "app/inspector_text.h"

#include "app/architecture_layout.h"
#include "app/format.h"
#include "core/attention/attention_rows.h"
#include "core/decode/sampler.h"
#include "core/explain/explanation.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace decodescope {
namespace {

constexpr int kShownFactors = 8;
constexpr int kShownValues = 24;
constexpr int kShownCandidates = 8;

QString tr(const char* text) {
  return QCoreApplication::translate("Inspector", text);
}

QString escaped(const std::string& text) {
  return QString::fromStdString(text).toHtmlEscaped();
}

QString coloured(const QString& text, const QColor& colour) {
  return QStringLiteral("<span style=\"color:%1\">%2</span>").arg(colour.name(), text);
}

/// Builds the page from headed blocks and aligned rows.
class Page {
 public:
  explicit Page(const Theme& theme) : m_theme(theme) {}

  void title(const QString& html) {
    m_html += QStringLiteral("<p style=\"margin:0 0 4px 0; font-size:%1px; font-weight:600\">%2</p>")
                  .arg(std::lround(m_theme.px(14)))
                  .arg(html);
  }
  void heading(const QString& text) {
    m_html += QStringLiteral("<p style=\"margin:10px 0 3px 0; font-weight:600; color:%1\">%2</p>")
                  .arg(m_theme.faintText.name(), text);
  }
  void line(const QString& html) { m_html += QStringLiteral("<p style=\"margin:2px 0\">%1</p>").arg(html); }
  void faint(const QString& html) { line(coloured(html, m_theme.faintText)); }
  void formula(const QString& text) {
    m_html +=
        QStringLiteral(
            "<p style=\"margin:4px 0; background-color:%1\"><span style=\"font-family:'%2'\">&nbsp;%3&nbsp;"
            "</span></p>")
            .arg(m_theme.panel.name(), m_theme.mono.family(), text.toHtmlEscaped());
  }
  void beginTable(const QStringList& head = {}) {
    m_html += QStringLiteral("<table cellspacing=\"0\" cellpadding=\"1\" width=\"100%\">");
    if (head.isEmpty()) return;
    m_html += QStringLiteral("<tr>");
    for (const QString& cell : head) {
      m_html += QStringLiteral("<td align=\"right\">%1</td>").arg(coloured(cell, m_theme.faintText));
    }
    m_html += QStringLiteral("</tr>");
  }
  /// A name and its value.
  void row(const QString& nameHtml, const QString& value) {
    m_html += QStringLiteral("<tr><td>%1</td><td align=\"right\" style=\"white-space:nowrap\">%2</td></tr>")
                  .arg(nameHtml, number(value));
  }
  void cells(const QStringList& values) {
    m_html += QStringLiteral("<tr>");
    for (const QString& value : values)
      m_html += QStringLiteral("<td align=\"right\">%1</td>").arg(number(value));
    m_html += QStringLiteral("</tr>");
  }
  void endTable() { m_html += QStringLiteral("</table>"); }

  QString number(const QString& text) const {
    return QStringLiteral("<span style=\"font-family:'%1'\">%2</span>").arg(m_theme.mono.family(), text);
  }
  QString link(const QString& target, const QString& text, bool lit) const {
    return QStringLiteral("<a href=\"%1\" style=\"text-decoration:none; color:%2\">%3</a>")
        .arg(target, (lit ? m_theme.accent : m_theme.text).name(), text);
  }
  const Theme& theme() const { return m_theme; }
  QString take() { return std::move(m_html); }

 private:
  const Theme& m_theme;
  QString m_html;
};

QString token(const RunSnapshot& run, Position p) {
  const auto index = static_cast<std::size_t>(p.value);
  if (index >= run.tokens.size()) return {};
  return QStringLiteral("“%1”").arg(escaped(run.model->tokenizer->shownPiece(run.tokens[index])));
}

void writeNames(Page& page, const RunSnapshot& run, const Selection& selection) {
  const SiteInfo& info = siteInfo(selection.site);
  const ModelConfig& config = run.model->config();
  page.title(operationLabel(selection.site, config).toHtmlEscaped());
  page.line(page.number(escaped(siteDumpName(selection.site, selection.layer))));
  QString lens = QString::fromUtf8(info.lensName);
  lens.replace(QStringLiteral("{i}"), QString::number(selection.layer.value));
  if (!lens.isEmpty()) {
    page.line(page.number(coloured(lens, page.theme().faintText)) +
              coloured(tr(" in TransformerLens"), page.theme().faintText));
  }
  page.line(tr("shape %1 = %2")
                .arg(QString::fromUtf8(siteShape(selection.site, config)),
                     shapeInNumbers(selection.site, config, run.tokensSeenAt(selection.step))));
  page.formula(QString::fromUtf8(info.formula));
}

/// A score or a weight: q·k, the scaling and the softmax with this cell's numbers.
void writeAttentionCell(Page& page, const RunSnapshot& run, const Selection& s) {
  const ModelConfig& config = run.model->config();
  const Theme& theme = page.theme();
  const KvHeadIndex kv = config.keyValueHeadOf(s.head);
  page.line(tr("%1 (position %2) looks at %3 (position %4)")
                .arg(coloured(token(run, s.query), theme.query))
                .arg(s.query.value)
                .arg(coloured(token(run, s.key), theme.key))
                .arg(s.key.value));
  page.faint(tr("query head %1, key/value head %2").arg(s.head.value).arg(kv.value));
  if (s.key > s.query) {
    page.line(
        tr("Masked: the key is a later token. A query sees itself and earlier tokens only, so its weight is "
           "exactly 0 "
           "and the run never computes the score."));
    return;
  }
  const PositionTrace* queryTrace = run.trace(s.query);
  const PositionTrace* keyTrace = run.trace(s.key);
  const std::vector<float> scaled =
      attentionRow(config, run.positions, s.layer, s.head, s.query, ScoreStage::scaled);
  const std::vector<float> weights =
      attentionRow(config, run.positions, s.layer, s.head, s.query, ScoreStage::weight);
  if (!queryTrace || !keyTrace || scaled.empty()) {
    page.line(tr("The trace of this position is no longer kept."));
    return;
  }
  const auto key = static_cast<std::size_t>(s.key.value);
  const std::span<const float> q = attentionQuery(config, *queryTrace, s.layer, s.head);
  const std::span<const float> k = attentionKey(config, *keyTrace, s.layer, kv);
  double dot = 0;
  for (std::size_t i = 0; i < q.size(); ++i) dot += static_cast<double>(q[i]) * static_cast<double>(k[i]);

  const bool rotary = config.position == PositionKind::rotary;
  page.heading(tr("1 · Product of query and key"));
  const QString prime = rotary ? QStringLiteral("′") : QString();
  page.beginTable({QStringLiteral("i"), coloured(QStringLiteral("q%1ᵢ").arg(prime), theme.query),
                   coloured(QStringLiteral("k%1ᵢ").arg(prime), theme.key), QStringLiteral("qᵢ·kᵢ")});
  const int shown = std::min<int>(kShownFactors, static_cast<int>(q.size()));
  for (int i = 0; i < shown; ++i) {
    const auto at = static_cast<std::size_t>(i);
    page.cells({QString::number(i), shownNumber(static_cast<double>(q[at])),
                shownNumber(static_cast<double>(k[at])),
                shownNumber(static_cast<double>(q[at]) * static_cast<double>(k[at]))});
  }
  page.endTable();
  const int left = static_cast<int>(q.size()) - shown;
  if (left > 0) page.faint(tr("… and %1 more").arg(left));
  page.beginTable();
  page.row(tr("sum q%1·k%1").arg(prime), shownNumber(dot));
  page.endTable();

  page.heading(tr("2 · Scaled by √d"));
  page.beginTable();
  page.row(tr("√d = √%1").arg(config.headDim), shownNumber(std::sqrt(config.headDim)));
  page.row(tr("score s"), shownNumber(static_cast<double>(scaled[key])));
  page.endTable();

  const auto strongest = std::max_element(scaled.begin(), scaled.end());
  const double largest = static_cast<double>(*strongest);
  double sum = 0;
  for (const float score : scaled) sum += std::exp(static_cast<double>(score) - largest);
  page.heading(tr("3 · Softmax over %1 visible keys").arg(scaled.size()));
  page.beginTable();
  page.row(tr("max s, at %1").arg(token(run, Position{static_cast<int>(strongest - scaled.begin())})),
           shownNumber(largest));
  page.row(tr("exp(s − max s)"), shownNumber(std::exp(static_cast<double>(scaled[key]) - largest)));
  page.row(tr("sum of all exp"), shownNumber(sum));
  page.row(QStringLiteral("<b>%1</b>").arg(tr("weight a")),
           QStringLiteral("<b>%1</b>").arg(shownNumber(static_cast<double>(weights[key]))));
  page.endTable();
  page.faint(
      tr("q and k are the rows that the run stored; score and weight are made from them by the decoder's own "
         "kernel."));
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

void writeRow(Page& page, std::span<const float> row, int element) {
  page.heading(tr("The row: %1 numbers").arg(row.size()));
  const int shown = std::min<int>(kShownValues, static_cast<int>(row.size()));
  page.beginTable();
  for (int first = 0; first < shown; first += 3) {
    QStringList cells{coloured(QStringLiteral("[%1]").arg(first), page.theme().faintText)};
    for (int i = first; i < std::min(first + 3, shown); ++i) {
      cells << page.link(QStringLiteral("element:%1").arg(i),
                         shownNumber(static_cast<double>(row[static_cast<std::size_t>(i)])), i == element);
    }
    page.cells(cells);
  }
  page.endTable();
  if (shown < static_cast<int>(row.size()))
    page.faint(tr("… and %1 more").arg(row.size() - static_cast<std::size_t>(shown)));
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

/// Two vectors whose products are summed; for a weighted sum the largest weights first, with their tokens.
void writeProducts(Page& page, const RunSnapshot& run, const Explanation& e) {
  const std::vector<float>& left = e.operands[0].values;
  const std::vector<float>& right = e.operands[1].values;
  const bool byToken = e.kind == ExplanationKind::weightedSum;
  std::vector<std::size_t> order(std::min(left.size(), right.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (byToken) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return left[a] > left[b]; });
  }
  page.beginTable({byToken ? tr("token") : QStringLiteral("j"), QString::fromStdString(e.operands[0].symbol),
                   QString::fromStdString(e.operands[1].symbol), tr("product")});
  for (std::size_t i = 0; i < order.size() && i < kShownFactors; ++i) {
    const std::size_t at = order[i];
    const double a = static_cast<double>(left[at]), b = static_cast<double>(right[at]);
    page.cells({byToken ? token(run, Position{static_cast<int>(at)}) : QString::number(at), shownNumber(a),
                shownNumber(b), shownNumber(a * b)});
  }
  page.endTable();
  if (order.size() > kShownFactors) page.faint(tr("… and %1 more").arg(order.size() - kShownFactors));
}

void writeExplanation(Page& page, const RunSnapshot& run, const Explanation& e, int element) {
  page.heading(tr("How number [%1] was made").arg(element));
  page.formula(QString::fromStdString(e.formula));
  page.line(page.number(escaped(e.filled)));
  if (e.kind == ExplanationKind::product || e.kind == ExplanationKind::weightedSum)
    writeProducts(page, run, e);
  page.beginTable();
  for (const Operand& operand : e.operands) {
    page.row(QStringLiteral("<b>%1</b> %2")
                 .arg(escaped(operand.symbol), coloured(escaped(operand.name), page.theme().faintText)),
             operand.values.size() == 1 ? shownNumber(static_cast<double>(operand.values.front()))
                                        : tr("%1 numbers").arg(operand.values.size()));
  }
  page.row(tr("computed again from these"), shownNumber(e.recomputed));
  page.row(QStringLiteral("<b>%1</b>").arg(tr("in the run")),
           QStringLiteral("<b>%1</b>").arg(shownNumber(static_cast<double>(e.traced))));
  page.endTable();
}

void writeCodeLinks(Page& page) {
  page.line(tr("Copy the code that computes it: %1 · %2")
                .arg(page.link(QStringLiteral("code:numpy"), QStringLiteral("NumPy"), true),
                     page.link(QStringLiteral("code:torch"), QStringLiteral("PyTorch"), true)));
}

void writeLogits(Page& page, const RunSnapshot& run, const Selection& s, std::span<const float> logits,
                 int element) {
  page.heading(tr("Most probable next tokens"));
  SamplingSettings all;
  all.temperature = 1;
  all.topK = kShownCandidates;
  const std::vector<Candidate> best = keptCandidates(logits, all);
  const auto next = static_cast<std::size_t>(s.query.value) + 1;
  page.beginTable({tr("token"), tr("logit z"), tr("softmax")});
  for (const Candidate& candidate : best) {
    const bool followed = next < run.tokens.size() && run.tokens[next] == candidate.token;
    const QString piece = escaped(run.model->tokenizer->shownPiece(candidate.token));
    page.cells(
        {followed ? coloured(QStringLiteral("<b>%1</b>").arg(piece), page.theme().accent) : piece,
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
void writePositionRow(Page& page, const RunSnapshot& run, const Selection& s, int element) {
  const ModelConfig& config = run.model->config();
  const SiteInfo& info = siteInfo(s.site);
  page.line(tr("%1 (position %2)").arg(coloured(token(run, s.query), page.theme().query)).arg(s.query.value));
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
  element = inspectedCell(run, s, element).index - static_cast<int>(slice.first);
  if (s.site == Site::logits) writeLogits(page, run, s, row, element);
  const std::optional<Explanation> explanation =
      explain(run, inspectedCell(run, s, element), run.tokensSeenAt(s.step));
  if (explanation) writeExplanation(page, run, *explanation, element);
  writeRow(page, row, element);
  if (explanation) writeCodeLinks(page);
}

void writeProvenance(Page& page, const RunSnapshot& run, const Selection& s) {
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

Cell inspectedCell(const RunSnapshot& run, const Selection& s, int element) {
  const bool perLayer = siteInfo(s.site).perLayer;
  Cell cell{s.site, perLayer ? s.layer : kNoLayer, s.query, 0};
  if (siteInfo(s.site).layout == SiteShape::attention) {
    cell.index = s.head.value * (s.query.value + 1) + std::min(s.key.value, s.query.value);
  } else {
    const Slice slice = sliceOf(run, s);
    if (element < 0 && s.site == Site::logits) {
      const auto next = static_cast<std::size_t>(s.query.value) + 1;
      if (next < run.tokens.size()) element = run.tokens[next].value;
    }
    cell.index = static_cast<int>(slice.first) + std::clamp(element, 0, static_cast<int>(slice.size) - 1);
  }
  return cell;
}

QString inspectorHtml(const RunSnapshot& run, const Selection& selection, int element, const Theme& theme) {
  Page page(theme);
  writeNames(page, run, selection);
  if (selection.step.value < 1) {
    page.line(tr("Nothing has been computed yet. Space feeds the prompt."));
    return page.take();
  }
  if (siteInfo(selection.site).layout == SiteShape::attention) {
    writeAttentionCell(page, run, selection);
  } else {
    writePositionRow(page, run, selection, element);
  }
  writeProvenance(page, run, selection);
  return page.take();
}

}  // namespace decodescope
