#pragma once

#include "views/picture_frame.h"
#include "views/probabilities/journey_picture.h"
#include "views/probabilities/linear_picture.h"
#include "views/probabilities/pick_picture.h"
#include "views/view.h"

#include <memory>

namespace decodescope {

/// Tokens and probabilities: the way from logits to the pick with what-if settings, a token's journey through
/// the model, and a linear layer's arithmetic.
class ProbabilitiesView : public View {
 public:
  std::vector<ViewOption> options() const override;
  bool setOption(const QString& id, const QString& value) override;
  void present(const SessionSnapshot& session, const Selection& selection) override;
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) override;
  std::optional<Hit> hitTest(QPointF point) const override;
  Selection moved(const Selection& selection, int dx, int dy) const override;
  std::vector<NamedTable> tables() const override;
  QString description() const override;

  const PickModel& pick() const { return m_pick; }
  const LinearModel& linear() const { return m_linear; }
  const JourneyModel& journey() const { return m_journey; }

 private:
  enum class Panel { pick, journey, linear };
  static constexpr SamplingSettings kTriedAtFirst{.temperature = 1};
  bool setSampling(const QString& id, const QString& value);
  void update();
  FrameTexts texts() const;
  QString emptyText() const;
  bool hasPicture() const;

  ShownRun m_shown;
  Panel m_panel = Panel::pick;
  bool m_whatIf = false;
  SamplingSettings m_tried = kTriedAtFirst;  ///< settings of the what-if
  std::optional<Site> m_site;
  std::optional<int> m_neuron;

  PickModel m_pick;
  LinearModel m_linear;
  JourneyModel m_journey;
  PickPicture m_pickPicture;
  LinearPicture m_linearPicture;
  JourneyPicture m_journeyPicture;
};

std::unique_ptr<View> makeProbabilitiesView();

}  // namespace decodescope
