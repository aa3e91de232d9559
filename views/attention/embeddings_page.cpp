#include "views/attention/embeddings_page.h"

#include "core/explain/derived.h"
#include "core/ops/kernels.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("AttentionView", text);
}

/// All products of `left` rows with `right` rows; empty rows give NaN.
EmbeddingProducts::Matrix productsOf(const std::vector<std::span<const float>>& left,
                                     const std::vector<std::span<const float>>& right) {
  EmbeddingProducts::Matrix m;
  const std::size_t n = left.size();
  m.values.assign(n * n, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t best = 0;
    for (std::size_t j = 0; j < n; ++j) {
      if (left[i].empty() || right[j].empty()) continue;
      float& v = m.values[i * n + j];
      v = kernels().dot(left[i].data(), right[j].data(), static_cast<int>(left[i].size()));
      m.largest = std::max(m.largest, std::abs(static_cast<double>(v)));
      if (!(v <= m.values[i * n + best])) best = j;
    }
    if (best == i && !left[i].empty()) ++m.selfFirst;
    for (std::size_t j = 0; j < i; ++j) {
      const double d = std::abs(static_cast<double>(m.values[i * n + j] - m.values[j * n + i]));
      if (std::isfinite(d)) m.asymmetry = std::max(m.asymmetry, d);
    }
  }
  return m;
}

HeatmapRows rowsOf(const EmbeddingProducts::Matrix& m, int tokens) {
  HeatmapRows rows;
  rows.columns = tokens;
  for (int i = 0; i < tokens; ++i) {
    const std::span<const float> row(m.values.data() + static_cast<std::ptrdiff_t>(i) * tokens,
                                     static_cast<std::size_t>(tokens));
    const bool stored = std::any_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); });
    rows.rows.push_back(stored ? row : std::span<const float>());
    rows.rowMax.push_back(0);
  }
  return rows;
}

ColorScale scaleOf(const EmbeddingProducts::Matrix& m) {
  ColorScale scale;
  scale.map = Colormap::diverging;
  scale.hi = m.largest > 0 ? m.largest : 1;
  scale.lo = -scale.hi;
  return scale;
}

/// The two rows whose product is cell [query, key] of a panel.
std::optional<std::pair<Operand, Operand>> factorsOf(const AttentionModel& model, bool isEmbedding,
                                                     bool isTurned, int query, int key) {
  const ModelConfig& config = model.config();
  const Selection& s = model.selection();
  const PositionTrace *queryTrace = model.shown().trace(Position{query}),
                      *keyTrace = model.shown().trace(Position{key});
  if (!queryTrace || !keyTrace) return std::nullopt;
  if (isEmbedding) {
    const auto row = [&](const char* symbol, const PositionTrace& trace, int position) {
      return tracedRow(config, symbol, {Site::embedTokens, kNoLayer, Position{position}, 0},
                       trace.row(Site::embedTokens));
    };
    return std::pair(row("x", *queryTrace, query), row("x", *keyTrace, key));
  }
  const KvHeadIndex kvHead = config.keyValueHeadOf(s.head);
  const TracePlace q = isTurned ? attentionQueryPlace(config, s.head)
                                : rotaryQueryPlace(config, s.head, false),
                   k = isTurned ? attentionKeyPlace(config, kvHead) : rotaryKeyPlace(config, kvHead, false);
  return std::pair(tracedRow(config, "q", {q.site, s.layer, Position{query}, q.index},
                             numbersAt(*queryTrace, s.layer, q, config.headDim)),
                   tracedRow(config, "k", {k.site, s.layer, Position{key}, k.index},
                             numbersAt(*keyTrace, s.layer, k, config.headDim)));
}

}  // namespace

EmbeddingProducts embeddingProducts(const AttentionModel& model) {
  EmbeddingProducts products;
  products.tokens = std::min(model.tokens(), EmbeddingProducts::kMostTokens);
  const ModelConfig& config = model.config();
  const Selection& s = model.selection();
  const KvHeadIndex kvHead = config.keyValueHeadOf(s.head);
  // MLA turns a part of q and k only: the whole of them has no "before".
  const bool rotary = siteExists(Site::qRot, config) && config.attention == AttentionKind::softmax;
  std::vector<std::span<const float>> x, q, k, plainQ, plainK;
  for (int p = 0; p < products.tokens; ++p) {
    const PositionTrace* trace = model.shown().trace(Position{p});
    if (!trace) {
      for (auto* rows : {&x, &q, &k, &plainQ, &plainK}) rows->emplace_back();
      continue;
    }
    ++products.rows;
    x.push_back(trace->row(Site::embedTokens));
    q.push_back(attentionQuery(config, *trace, s.layer, s.head));
    k.push_back(attentionKey(config, *trace, s.layer, kvHead));
    if (!rotary) continue;
    plainQ.push_back(numbersAt(*trace, s.layer, rotaryQueryPlace(config, s.head, false), config.headDim));
    plainK.push_back(numbersAt(*trace, s.layer, rotaryKeyPlace(config, kvHead, false), config.headDim));
  }
  products.embeddings = productsOf(x, x);
  products.scores = productsOf(q, k);
  if (rotary) products.projected = productsOf(plainQ, plainK);
  return products;
}

std::vector<const EmbeddingProducts::Matrix*> EmbeddingsPage::matrices(const EmbeddingProducts& products) {
  std::vector<const EmbeddingProducts::Matrix*> all{&products.embeddings};
  if (!products.projected.values.empty()) all.push_back(&products.projected);
  all.push_back(&products.scores);
  return all;
}

int EmbeddingsPage::cells(const AttentionModel& model) const {
  return std::min(model.tokens(), EmbeddingProducts::kMostTokens);
}

void EmbeddingsPage::update(const AttentionModel& model) {
  AttentionPictureKey key = pictureKey(model, Theme(), AttentionStage::raw, {}, 0);
  if (key == m_of) return;
  m_of = key;
  m_products = embeddingProducts(model);
  m_labels = model.labels().mid(0, m_products.tokens);
}

QString EmbeddingsPage::conclusion() const {
  return tr("x·x is the same both ways (largest difference %1), q·k is not (%2): a token may look at another "
            "that does not look back")
      .arg(AttentionModel::numberText(static_cast<float>(m_products.embeddings.asymmetry)),
           AttentionModel::numberText(static_cast<float>(m_products.scores.asymmetry)));
}

void EmbeddingsPage::paint(QPainter& painter, const QRectF& area, const Theme& theme,
                           const AttentionModel& model, const MatrixWindow& window) {
  update(model);
  const int n = m_products.tokens;
  const int query = std::min(model.selection().query.value, n - 1),
            key = std::min(model.selection().key.value, n - 1);
  FrameTexts texts;
  texts.title = tr("Without W_Q and W_K · %1").arg(model.place());
  texts.subtitle = {tr("x: the embedding rows, D = %1").arg(model.config().hiddenSize),
                    tr("q, k: what W_Q and W_K make of layer %1's input, d = %2")
                        .arg(model.selection().layer.value)
                        .arg(model.config().headDim),
                    tr("all cells, without the mask")};
  if (model.tokens() > n) texts.subtitle << tr("the first %1 of %2 tokens").arg(n).arg(model.tokens());
  texts.readout = conclusion();
  texts.shortReadout = tr("x·x is symmetric, q·k is not");
  const QList<QRgb> signs = colormapTable(Colormap::diverging, theme.dark);
  texts.legend.push_back({tr("product below 0"), colorSample(QColor::fromRgb(signs[40]))});
  texts.legend.push_back({tr("above 0"), colorSample(QColor::fromRgb(signs[215]))});
  texts.legend.push_back({tr("rows whose largest product is with themselves: %1 of %3 for x·x, %2 for q·k")
                              .arg(m_products.embeddings.selfFirst)
                              .arg(m_products.scores.selfFirst)
                              .arg(m_products.rows),
                          [](QPainter&, const QRectF&) {}, 0});
  const PictureFrame frame = framePicture(painter, area, theme, texts);
  const auto all = matrices(m_products);
  QStringList titles{tr("x·x, symmetric")};
  if (all.size() == 3) titles << tr("q·k before RoPE");
  titles << (all.size() == 3 ? tr("q′·k′ after RoPE") : tr("q·k"));
  std::vector<MatrixPanels::Panel> panels;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const EmbeddingProducts::Matrix& m = *all[i];
    const ColorScale scale = scaleOf(m);
    const auto at = [&](int r, int c) { return m.values[static_cast<std::size_t>(r * n + c)]; };
    AttentionPictureKey picture = pictureKey(model, theme, AttentionStage::raw, {}, scale.hi);
    picture.head += static_cast<int>(i) * 1000;  // panels hold different numbers
    panels.push_back(
        {QStringList{titles[static_cast<qsizetype>(i)]},
         [&m, n, scale] {
           return MatrixNumbers{rowsOf(m, n), scale,
                                [](float v) { return AttentionModel::cellText(AttentionStage::raw, v); },
                                BeyondDiagonal::values};
         },
         scale, picture,
         tr("[%1, %2] = %3, back %4")
             .arg(QString::number(query), QString::number(key), AttentionModel::numberText(at(query, key)),
                  AttentionModel::numberText(at(key, query)))});
  }
  const MatrixAxes axes{m_labels, query, key, std::min(model.firstComputed(), n),
                        std::min(model.firstNew(), n)};
  m_panels.paint(painter, frame.body, theme, window, axes, panels);
  paintFrame(painter, frame, theme, texts);
}

std::optional<Hit> EmbeddingsPage::hitTest(QPointF point, const AttentionModel& model,
                                           const MatrixWindow& window) const {
  const auto spot = m_panels.at(point, window, m_products.tokens);
  if (!spot || m_products.tokens == 0) return std::nullopt;
  const auto all = matrices(m_products);
  if (spot->panel >= all.size()) return std::nullopt;
  const auto at = [&](int r, int c) {
    return AttentionModel::numberText(
        all[spot->panel]->values[static_cast<std::size_t>(r * m_products.tokens + c)]);
  };
  Hit hit;
  hit.hovered = model.selection();
  hit.hovered.query = Position{spot->query};
  hit.hovered.key = Position{spot->key};
  hit.clicked = hit.hovered;
  hit.clicked->site = spot->panel == 0                ? Site::embedTokens
                      : spot->panel + 1 == all.size() ? Site::scores
                                                      : queryProjectionSite(model.config());
  const float shown =
      all[spot->panel]->values[static_cast<std::size_t>(spot->query * m_products.tokens + spot->key)];
  if (const auto factors =
          factorsOf(model, spot->panel == 0, spot->panel + 1 == all.size(), spot->query, spot->key)) {
    const QString symbol =
        spot->panel == 0 ? QStringLiteral("x[%1] · x[%2]") : QStringLiteral("q[%1] · k[%2]");
    const DerivedName name{
        symbol.arg(spot->query).arg(spot->key).toStdString(),
        "(T, T) = (" + std::to_string(m_products.tokens) + ", " + std::to_string(m_products.tokens) + ")",
        tr("Worked out for this view from rows that the run stored, for all cells; the run divides q·k by √d "
           "and computes no score of a later key.")
            .toStdString()};
    hit.number = derivedPlace(
        *hit.clicked, explainInnerProduct(name, factors->first, factors->second, static_cast<double>(shown)));
  }
  hit.toolTip = tr("%1 with %2: %3\n%2 with %1: %4")
                    .arg(model.tokenText(spot->query), model.tokenText(spot->key), at(spot->query, spot->key),
                         at(spot->key, spot->query));
  return hit;
}

std::vector<NamedTable> EmbeddingsPage::tables(const AttentionModel& model) const {
  const EmbeddingProducts products = embeddingProducts(model);
  std::vector<NamedTable> tables;
  const auto add = [&](const char* name, const EmbeddingProducts::Matrix& m) {
    if (m.values.empty()) return;
    NamedTable table{QLatin1String(name), {}, {}, {products.tokens, products.tokens}, m.values};
    for (int t = 0; t < products.tokens; ++t) {
      table.columns << model.tokenText(t);
      table.rowLabels << model.tokenText(t);
    }
    tables.push_back(table);
  };
  add("embeddings_inner_products", products.embeddings);
  add("q_k_before_rope", products.projected);
  add("q_k", products.scores);
  return tables;
}

QString EmbeddingsPage::description(const AttentionModel& model) const {
  return tr("Without W_Q and W_K · %1").arg(model.place()) + QStringLiteral(". ") +
         tr("The embeddings' own inner products are symmetric, q·k is not.");
}

}  // namespace decodescope
