#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace decodescope {

/// A fixed-size array of floats on a 64-byte boundary, from 4 MiB up in huge pages where the system has them.
/// Movable, not copyable by accident. Contents are zero after construction.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// Throws std::bad_alloc when there is no memory; callers with untrusted sizes check them first.
  explicit AlignedBuffer(std::size_t size);

  float* data() { return m_data.get(); }
  const float* data() const { return m_data.get(); }
  std::size_t size() const { return m_size; }
  std::span<float> span() { return {m_data.get(), m_size}; }
  std::span<const float> span() const { return {m_data.get(), m_size}; }

  AlignedBuffer clone() const;

 private:
  struct Free {
    std::size_t alignment;
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{alignment}); }
  };
  std::unique_ptr<float[], Free> m_data;
  std::size_t m_size = 0;
};

}  // namespace decodescope
