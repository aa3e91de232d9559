#pragma once

#include "views/attention/attention_page.h"
#include "views/attention/matrix_panels.h"

namespace decodescope {

/// Products of every token with every token: of the embeddings themselves, and of what W_Q and W_K make of
/// the layer's input.
struct EmbeddingProducts {
  struct Matrix {
    std::vector<float> values;  ///< (tokens, tokens) row-major; NaN where a trace is not stored
    double asymmetry = 0;       ///< max |s_ij − s_ji|
    double largest = 0;         ///< max |s_ij|
    int selfFirst = 0;          ///< rows whose largest number is the token with itself
  };
  int tokens = 0;     ///< compared: the first ones, at most kMostTokens
  int rows = 0;       ///< that have numbers
  Matrix embeddings;  ///< x_i · x_j, x (T, D) as embed_tokens gives them
  Matrix projected;   ///< q_i · k_j before RoPE; empty without rotary positions
  Matrix scores;      ///< q_i · k_j as the attention uses them
  static constexpr int kMostTokens = 256;
};
EmbeddingProducts embeddingProducts(const AttentionModel& model);

/// Why W_Q and W_K: the embeddings' own inner products are symmetric, q·k need not be.
class EmbeddingsPage : public AttentionPage {
 public:
  void paint(QPainter& painter, const QRectF& area, const Theme& theme, const AttentionModel& model,
             const MatrixWindow& window) override;
  std::optional<Hit> hitTest(QPointF point, const AttentionModel& model,
                             const MatrixWindow& window) const override;
  QRectF matrixAt(QPointF point) const override { return m_panels.matrixAt(point); }
  double side() const override { return m_panels.side(); }
  int cells(const AttentionModel& model) const override;
  std::vector<NamedTable> tables(const AttentionModel& model) const override;
  QString description(const AttentionModel& model) const override;

 private:
  /// The matrices that there are, in the order of the panels.
  static std::vector<const EmbeddingProducts::Matrix*> matrices(const EmbeddingProducts& products);
  void update(const AttentionModel& model);
  QString conclusion() const;

  AttentionPictureKey m_of;
  EmbeddingProducts m_products;
  QStringList m_labels;
  MatrixPanels m_panels;
};

}  // namespace decodescope
