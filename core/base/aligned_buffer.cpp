#include "core/base/aligned_buffer.h"

#include <algorithm>
#include <limits>

namespace decodescope {

AlignedBuffer::AlignedBuffer(std::size_t size) : m_size(size) {
  if (size == 0) return;
  if (size > std::numeric_limits<std::size_t>::max() / sizeof(float)) throw std::bad_alloc();
  m_data.reset(static_cast<float*>(::operator new[](size * sizeof(float), std::align_val_t{64})));
  std::fill_n(m_data.get(), size, 0.0f);
}

AlignedBuffer AlignedBuffer::clone() const {
  AlignedBuffer copy(m_size);
  std::copy_n(m_data.get(), m_size, copy.data());
  return copy;
}

}  // namespace decodescope
