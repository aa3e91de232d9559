#include "core/attention/kv_cache.h"

#include "core/base/result.h"

#include <algorithm>

namespace decodescope {

KvCache::KvCache(const ModelConfig& config)
    : m_layers(config.numHiddenLayers),
      m_heads(config.numKeyValueHeads),
      m_headDim(config.headDim),
      m_limit(config.maxPositionEmbeddings) {}

std::size_t KvCache::offset(LayerIndex layer, KvHeadIndex head) const {
  return (static_cast<std::size_t>(layer.value) * static_cast<std::size_t>(m_heads) +
          static_cast<std::size_t>(head.value)) *
         static_cast<std::size_t>(m_capacity) * static_cast<std::size_t>(m_headDim);
}

void KvCache::reserve(int rows) {
  if (rows <= m_capacity) return;
  const int capacity = std::max(rows, std::min(std::max(16, 2 * m_capacity), m_limit));
  const auto headSize = static_cast<std::size_t>(capacity) * static_cast<std::size_t>(m_headDim);
  const auto total = headSize * static_cast<std::size_t>(m_layers) * static_cast<std::size_t>(m_heads);
  AlignedBuffer keys(total), values(total);
  const auto held = static_cast<std::size_t>(m_length) * static_cast<std::size_t>(m_headDim);
  for (int l = 0; l < m_layers; ++l) {
    for (int g = 0; g < m_heads; ++g) {
      const std::size_t from = offset(LayerIndex{l}, KvHeadIndex{g});
      const std::size_t to = static_cast<std::size_t>(l * m_heads + g) * headSize;
      std::copy_n(m_keys.data() + from, held, keys.data() + to);
      std::copy_n(m_values.data() + from, held, values.data() + to);
    }
  }
  m_keys = std::move(keys);
  m_values = std::move(values);
  m_capacity = capacity;
}

void KvCache::write(LayerIndex layer, ConstMatrixSpan k, ConstMatrixSpan v) {
  DECODESCOPE_REQUIRE(m_length + k.rows <= m_capacity);
  const auto d = static_cast<std::size_t>(m_headDim);
  for (int g = 0; g < m_heads; ++g) {
    const std::size_t head = offset(layer, KvHeadIndex{g}) + static_cast<std::size_t>(m_length) * d;
    for (int r = 0; r < k.rows; ++r) {
      const std::size_t target = head + static_cast<std::size_t>(r) * d;
      std::copy_n(k.row(r) + g * m_headDim, d, m_keys.data() + target);
      std::copy_n(v.row(r) + g * m_headDim, d, m_values.data() + target);
    }
  }
}

void KvCache::truncate(int length) {
  DECODESCOPE_REQUIRE(length >= 0 && length <= m_length);
  m_length = length;
}

ConstMatrixSpan KvCache::keys(LayerIndex layer, KvHeadIndex head) const {
  return {m_keys.data() + offset(layer, head), m_capacity, m_headDim};
}

ConstMatrixSpan KvCache::values(LayerIndex layer, KvHeadIndex head) const {
  return {m_values.data() + offset(layer, head), m_capacity, m_headDim};
}

std::uint64_t KvCache::bytes() const {
  return std::uint64_t{2} * sizeof(float) * static_cast<std::uint64_t>(m_layers) *
         static_cast<std::uint64_t>(m_heads) * static_cast<std::uint64_t>(m_headDim) *
         static_cast<std::uint64_t>(m_length);
}

}  // namespace decodescope
