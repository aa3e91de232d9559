#include "core/base/aligned_buffer.h"

#include <algorithm>
#include <limits>
#include <sys/mman.h>

namespace decodescope {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t alignmentOf(std::size_t bytes) {
  return bytes >= 2 * kHugePage ? kHugePage : 64;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t size) : m_size(size) {
  if (size == 0) return;
  if (size > std::numeric_limits<std::size_t>::max() / sizeof(float)) throw std::bad_alloc();
  const std::size_t bytes = size * sizeof(float), alignment = alignmentOf(bytes);
  void* memory = ::operator new[](bytes, std::align_val_t{alignment});
  m_data = std::unique_ptr<float[], Free>(static_cast<float*>(memory), Free{alignment});
#ifdef MADV_HUGEPAGE
  // Weights are read from end to end at every step: with small pages, looking up addresses costs a quarter of
  // it. A wish only; it may be refused.
  if (alignment == kHugePage) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  std::fill_n(m_data.get(), size, 0.0f);
}

AlignedBuffer AlignedBuffer::clone() const {
  AlignedBuffer copy(m_size);
  std::copy_n(m_data.get(), m_size, copy.data());
  return copy;
}

}  // namespace decodescope
