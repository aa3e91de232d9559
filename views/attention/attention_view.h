#pragma once

#include "views/attention/attention_model.h"
#include "views/attention/attention_page.h"
#include "views/attention/matrix_page.h"
#include "views/attention/matrix_window.h"
#include "views/view.h"

#include <array>
#include <memory>

namespace decodescope {

/// Scores and weights of attention heads, in several arrangements: one head's matrix, its four stages, all
/// heads, one row, the context it makes, why √d, why learned projections.
class AttentionView : public View {
 public:
  AttentionView();

  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  std::vector<double> scaleEnds() const override;
  void setScaleEnds(const std::vector<double>& ends) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  bool zoom(QPointF at, double factor) override;
  bool pan(QPointF delta) override;
  void resetZoom() override { m_window.reset(); }
  QString zoomed() const override { return m_window.text(); }
  bool setZoomed(const QString& zoomed) override { return m_window.setText(zoomed); }
  std::vector<NamedTable> tables() const override;
  QString description() const override;

  const AttentionModel& model() const { return m_model; }
  /// Of the arrangement with one matrix.
  const AttentionLayout& layout() const { return m_matrixPage.layout(); }

 private:
  AttentionPage& page() const;
  /// Whose scales depend on the numbers.
  std::vector<AttentionStage> scaledStages() const;

  SessionSnapshot m_session;
  Selection m_selection;
  AttentionSettings m_settings;
  AttentionModel m_model;
  MatrixWindow m_window;
  MatrixPage m_matrixPage;
  std::array<std::unique_ptr<AttentionPage>, 7> m_otherPages;  ///< in the order of AttentionArrangement
};

std::unique_ptr<View> makeAttentionView();

}  // namespace decodescope
