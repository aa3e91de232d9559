#include "core/train/lane_measurer.h"

#include "core/decode/pace.h"
#include "core/train/held_out.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <thread>

namespace decodescope {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenReports = std::chrono::milliseconds(100);

bool contains(const std::vector<int>& ids, int id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Whether a card's loss says it already.
bool lacksLoss(const LoadedModel& model) {
  return model.card.heldOutLoss <= 0;
}

}  // namespace

class LaneMeasurer::Impl {
 public:
  Impl(std::function<void()> wake, std::vector<std::string> trained)
      : m_wake(std::move(wake)), m_trained(std::move(trained)) {
    m_thread = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(m_mutex);
      m_queue.clear();
      m_current.request_stop();
    }
    m_thread.request_stop();  // wakes the wait; the jthread joins before the members it uses go
  }

  std::shared_ptr<const LaneMeasures> latest() const {
    const std::lock_guard lock(m_mutex);
    return m_published;
  }

  void measure(std::vector<Order> orders) {
    {
      const std::lock_guard lock(m_mutex);
      for (Order& order : orders) {
        if (order.laneId == m_running) m_current.request_stop();
        std::erase_if(m_queue, [&](const Order& waiting) { return waiting.laneId == order.laneId; });
        LaneMeasure& lane = entryOf(order.laneId);
        LaneMeasure fresh;
        fresh.laneId = order.laneId;
        fresh.model = order.model;
        fresh.settings = order.settings;
        fresh.isTimed = order.pace;
        fresh.promptLength = static_cast<int>(order.prompt.size());
        if (lane.model == order.model) {
          fresh.loss = lane.loss;
          fresh.text = lane.text;
          fresh.damage = lane.damage;
          fresh.alike = lane.alike;
        }
        lane = std::move(fresh);
        m_queue.push_back(std::move(order));
      }
      publish();
    }
    m_available.notify_one();
    m_wake();
  }

  void stop() {
    {
      const std::lock_guard lock(m_mutex);
      m_queue.clear();
      m_current.request_stop();
      for (LaneMeasure& lane : m_lanes) {
        if (lane.state == MeasureState::waiting || lane.state == MeasureState::running)
          lane.state = MeasureState::stopped;
      }
      publish();
    }
    m_wake();
  }

  void keepOnly(const std::vector<int>& laneIds) {
    bool changed = false;
    {
      const std::lock_guard lock(m_mutex);
      std::erase_if(m_queue, [&](const Order& order) { return !contains(laneIds, order.laneId); });
      if (m_running >= 0 && !contains(laneIds, m_running)) m_current.request_stop();
      changed = std::erase_if(m_lanes,
                              [&](const LaneMeasure& lane) { return !contains(laneIds, lane.laneId); }) > 0;
      if (changed) publish();
    }
    if (changed) m_wake();
  }

 private:
  /// Under the lock, as all that follows.
  LaneMeasure& entryOf(int laneId) {
    for (LaneMeasure& lane : m_lanes) {
      if (lane.laneId == laneId) return lane;
    }
    m_lanes.push_back({});
    m_lanes.back().laneId = laneId;
    return m_lanes.back();
  }

  void publish() {
    if (m_lanes.empty()) {
      m_published.reset();
      return;
    }
    auto measures = std::make_shared<LaneMeasures>();
    measures->lanes = m_lanes;
    m_published = std::move(measures);
  }

  void work(std::stop_token stop) {
    for (;;) {
      Order order;
      std::stop_token cancelled;
      {
        std::unique_lock lock(m_mutex);
        m_running = -1;
        if (!m_available.wait(lock, stop, [this] { return !m_queue.empty(); })) return;
        order = std::move(m_queue.front());
        m_queue.pop_front();
        m_current = std::stop_source();
        cancelled = m_current.get_token();
        m_running = order.laneId;
      }
      carryOut(order, cancelled);
      if (stop.stop_requested()) return;
    }
  }

  /// Changes the running lane's entry, unless it was stopped or has gone meanwhile, and tells the owner.
  template <class Change>
  void tell(const Order& order, const std::stop_token& cancelled, Change change) {
    {
      const std::lock_guard lock(m_mutex);
      if (cancelled.stop_requested()) return;
      change(entryOf(order.laneId));
      publish();
    }
    m_wake();
  }

  void carryOut(const Order& order, const std::stop_token& cancelled) {
    try {
      measureOne(order, cancelled);
    } catch (const std::bad_alloc&) {
      fail(order, cancelled, "not enough memory");
    }
  }

  void fail(const Order& order, const std::stop_token& cancelled, const std::string& why) {
    tell(order, cancelled, [&](LaneMeasure& lane) {
      lane.failure = why;
      lane.state = MeasureState::finished;
    });
  }

  void measureOne(const Order& order, const std::stop_token& cancelled) {
    bool wantsLoss = false;
    {
      const std::lock_guard lock(m_mutex);
      wantsLoss = order.loss && lacksLoss(*order.model) && !entryOf(order.laneId).loss;
    }
    // The time is short beside the loss; each takes its share of the progress.
    const double paceShare = !order.pace ? 0 : wantsLoss ? 0.1 : 1;
    auto shown = Clock::now();
    const auto report = [&](double fraction) {
      if (Clock::now() - shown < kBetweenReports) return;
      shown = Clock::now();
      tell(order, cancelled, [&](LaneMeasure& lane) { lane.progress = fraction; });
    };
    tell(order, cancelled, [](LaneMeasure& lane) { lane.state = MeasureState::running; });
    if (order.pace) {
      const auto pace = measurePace(
          order.model, order.settings, order.prompt, [&](double fraction) { report(fraction * paceShare); },
          cancelled);
      if (!pace.ok()) return fail(order, cancelled, pace.error().message());
      tell(order, cancelled, [&](LaneMeasure& lane) { lane.pace = pace.value(); });
    }
    if (wantsLoss) {
      HeldOutProgress progress;
      progress.stop = cancelled;
      progress.report = [&](double fraction) { report(paceShare + (1 - paceShare) * fraction); };
      const int tales = heldOutTalesFor(order.model->config());
      const auto measured = measureHeldOut(*order.model, tales, progress);
      if (!measured.ok()) return fail(order, cancelled, measured.error().message());
      std::vector<TrainedAlike> alike;
      if (order.model->derivedFrom) alike = trainedAlike(*order.model, m_trained);
      tell(order, cancelled, [&](LaneMeasure& lane) {
        lane.loss = measured.value().loss;
        lane.damage = measured.value().damage;
        lane.text = heldOutTextName(tales);
        lane.alike = alike;
      });
    }
    tell(order, cancelled, [](LaneMeasure& lane) {
      lane.progress = 1;
      lane.state = MeasureState::finished;
    });
  }

  const std::function<void()> m_wake;
  const std::vector<std::string> m_trained;

  mutable std::mutex m_mutex;
  std::condition_variable_any m_available;
  std::deque<Order> m_queue;
  std::stop_source m_current;
  int m_running = -1;  ///< lane
  std::vector<LaneMeasure> m_lanes;
  std::shared_ptr<const LaneMeasures> m_published;
  std::jthread m_thread;  ///< last: joined before anything it uses goes
};

LaneMeasurer::LaneMeasurer(std::function<void()> wake, std::vector<std::string> trained)
    : m_impl(std::make_unique<Impl>(std::move(wake), std::move(trained))) {}

LaneMeasurer::~LaneMeasurer() = default;

std::shared_ptr<const LaneMeasures> LaneMeasurer::latest() const {
  return m_impl->latest();
}

void LaneMeasurer::measure(std::vector<Order> orders) {
  m_impl->measure(std::move(orders));
}

void LaneMeasurer::stop() {
  m_impl->stop();
}

void LaneMeasurer::keepOnly(const std::vector<int>& laneIds) {
  m_impl->keepOnly(laneIds);
}

}  // namespace decodescope
