#include "core/attention/kv_cache.h"

#include "core/base/result.h"

#include <algorithm>
#include <utility>

namespace decodescope {
namespace {

constexpr int kSmallestCapacity = 16;

}  // namespace

KvCache::KvCache(const ModelConfig& config)
    : m_layers(config.numHiddenLayers),
      m_heads(config.numKeyValueHeads),
      m_keyWidth(config.headDim),
      m_valueWidth(config.headDim),
      m_limit(config.maxPositionEmbeddings),
      m_window(config.slidingWindow),
      m_stateRows(0),
      m_stateCols(0) {
  if (m_window > 0) m_limit = std::min(m_limit, std::max(kSmallestCapacity, 2 * m_window));
  if (config.attention == AttentionKind::latent) {
    m_heads = 1;
    m_keyWidth = config.kvLoraRank;
    m_valueWidth = config.qkRopeHeadDim;
  } else if (config.attention == AttentionKind::linear) {
    m_stateRows = config.numKeyValueHeads * (config.headDim + 1);
    m_stateCols = config.headDim;
    const auto size = static_cast<std::size_t>(m_layers) * static_cast<std::size_t>(m_stateRows) *
                      static_cast<std::size_t>(m_stateCols);
    m_state = AlignedBuffer(size);
    m_nextState = AlignedBuffer(size);
    m_heads = m_keyWidth = m_valueWidth = 0;
  }
}

void KvCache::reserve(int rows) {
  std::copy_n(m_state.data(), m_state.size(), m_nextState.data());
  const int needed = rows - m_firstHeld;
  if (m_start + needed <= m_capacity) return;
  // Under a window the held rows go back to the front: no more than W of them, every W steps.
  moveTo(needed <= m_capacity
             ? m_capacity
             : std::max(needed, std::min(std::max(kSmallestCapacity, 2 * m_capacity), m_limit)));
}

void KvCache::moveTo(int capacity) {
  const auto heads = static_cast<std::size_t>(m_layers) * static_cast<std::size_t>(m_heads);
  const auto held = static_cast<std::size_t>(m_length - m_firstHeld);
  const auto moved = [&](const AlignedBuffer& from, int columns) {
    const auto width = static_cast<std::size_t>(columns);
    AlignedBuffer to(heads * static_cast<std::size_t>(capacity) * width);
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t first =
          head * static_cast<std::size_t>(m_capacity) + static_cast<std::size_t>(m_start);
      std::copy_n(from.data() + first * width, held * width,
                  to.data() + head * static_cast<std::size_t>(capacity) * width);
    }
    return to;
  };
  m_keys = moved(m_keys, m_keyWidth);
  m_values = moved(m_values, m_valueWidth);
  m_capacity = capacity;
  m_start = 0;
}

void KvCache::write(LayerIndex layer, ConstMatrixSpan keys, ConstMatrixSpan values) {
  const int first = m_start + m_length - m_firstHeld;
  DECODESCOPE_REQUIRE(first + keys.rows <= m_capacity);
  const auto copy = [&](ConstMatrixSpan from, AlignedBuffer& to, int columns) {
    const auto width = static_cast<std::size_t>(columns);
    for (int g = 0; g < m_heads; ++g) {
      const auto head = static_cast<std::size_t>(layer.value * m_heads + g);
      float* target =
          to.data() + (head * static_cast<std::size_t>(m_capacity) + static_cast<std::size_t>(first)) * width;
      for (int r = 0; r < from.rows; ++r, target += width)
        std::copy_n(from.row(r) + g * columns, width, target);
    }
  };
  copy(keys, m_keys, m_keyWidth);
  copy(values, m_values, m_valueWidth);
}

MatrixSpan KvCache::state(LayerIndex layer) {
  const auto size = static_cast<std::size_t>(m_stateRows) * static_cast<std::size_t>(m_stateCols);
  return {m_nextState.data() + static_cast<std::size_t>(layer.value) * size, m_stateRows, m_stateCols};
}

void KvCache::commit(int n) {
  m_length += n;
  std::swap(m_state, m_nextState);
  if (m_window == 0 || m_length - m_firstHeld <= m_window) return;
  m_start += m_length - m_window - m_firstHeld;
  m_firstHeld = m_length - m_window;
  if (m_capacity > m_limit) moveTo(m_limit);
}

void KvCache::truncate(int length) {
  DECODESCOPE_REQUIRE(length >= 0 && length <= m_length);
  DECODESCOPE_REQUIRE(length == 0 || length == m_length || (m_firstHeld == 0 && m_stateRows == 0));
  m_length = length;
  if (length > 0) return;
  m_firstHeld = m_start = 0;
  std::fill_n(m_state.data(), m_state.size(), 0.0f);
}

HeadRows KvCache::rowsOf(const AlignedBuffer& buffer, LayerIndex layer, int width) const {
  const std::ptrdiff_t head = static_cast<std::ptrdiff_t>(m_capacity) * width;
  return {buffer.data() + layer.value * m_heads * head + static_cast<std::ptrdiff_t>(m_start) * width, head,
          width, m_capacity - m_start, width};
}

HeadRows KvCache::keyRows(LayerIndex layer) const {
  return rowsOf(m_keys, layer, m_keyWidth);
}

HeadRows KvCache::valueRows(LayerIndex layer) const {
  return rowsOf(m_values, layer, m_valueWidth);
}

std::uint64_t KvCache::bytes() const {
  using U = std::uint64_t;
  const U held = static_cast<U>(m_length - m_firstHeld);
  const U rows = held * static_cast<U>(m_heads) * static_cast<U>(m_keyWidth + m_valueWidth);
  const U state = m_length > 0 ? static_cast<U>(m_stateRows) * static_cast<U>(m_stateCols) : 0;
  return sizeof(float) * static_cast<U>(m_layers) * (rows + state);
}

}  // namespace decodescope
