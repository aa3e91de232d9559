#include "core/trace/norm_places.h"

#include "core/decode/lane.h"
#include "core/ops/norm.h"
#include "tests/support/random_model.h"

#include <cmath>
#include <gtest/gtest.h>

namespace decodescope::test {
namespace {

TEST(NormPlaces, TheNormOfEachInputIsTheTracedOutput) {
  for (const NamedConfig& named : decoderFamily()) {
    SCOPED_TRACE(named.name);
    const LoadedModelPtr model = randomLoadedModel(named.config, 5);
    Result<Lane> lane = Lane::start(model, {}, randomTokens(named.config, 7, 6), {});
    ASSERT_TRUE(lane.ok());
    lane.value().step();
    const PositionTrace& trace = *lane.value().snapshot()->positions[5];
    const std::vector<NormPlace> places = normPlaces(named.config);
    EXPECT_EQ(places.size(), 2u * static_cast<std::size_t>(named.config.numHiddenLayers) +
                                 (named.config.finalNorm ? 1u : 0u));
    for (const NormPlace place : places) {
      EXPECT_TRUE(isNormSite(place.site));
      std::vector<float> x = normInput(named.config, trace, place);
      const int width = named.config.hiddenSize;
      ASSERT_EQ(x.size(), static_cast<std::size_t>(width));
      std::vector<float> y(x.size());
      normRows(named.config, {x.data(), 1, width}, normWeightsAt(*model->model, place), {y.data(), 1, width});
      const std::span<const float> traced = trace.row(place.site, place.layer);
      for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], traced[i], 1e-5F) << i;
    }
  }
}

}  // namespace
}  // namespace decodescope::test
