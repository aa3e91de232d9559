#pragma once

#include "core/decode/lane_measures.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace decodescope {

/// Measures lanes on a thread of its own, beside the worker that decodes: how fast they are without a trace,
/// what they lose on the held-out tales, what deriving did to them. Any thread may call the members; they
/// return at once. Never calls Qt: `wake` tells the owner that there is news (on the measuring thread; it
/// should only post an event).
class LaneMeasurer {
 public:
  /// `trained`: folders of models that derived ones are compared with.
  LaneMeasurer(std::function<void()> wake, std::vector<std::string> trained);
  /// Stops what runs (looked at every layer) and joins.
  ~LaneMeasurer();
  LaneMeasurer(const LaneMeasurer&) = delete;
  LaneMeasurer& operator=(const LaneMeasurer&) = delete;

  /// nullptr until something was asked for, and after the last lane of it has gone.
  std::shared_ptr<const LaneMeasures> latest() const;

  struct Order {
    int laneId = -1;
    LoadedModelPtr model;
    RunSettings settings;
    std::vector<TokenId> prompt;
    bool pace = true;  ///< untraced time a token
    bool loss = true;  ///< where the card says none: held-out loss, and damage of a derived model
  };
  /// Behind what waits already. A loss that is known of the lane's model is not measured again; what else was
  /// known of the lane goes.
  void measure(std::vector<Order> orders);
  /// Ends what runs and drops what waits; what is known stays.
  void stop();
  /// Forgets all lanes but these, and stops measuring those.
  void keepOnly(const std::vector<int>& laneIds);

 private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace decodescope
