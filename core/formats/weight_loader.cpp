#include "core/formats/weight_loader.h"

#include "core/base/aligned_buffer.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <utility>

namespace decodescope {
namespace {

constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kBlock = 32;  ///< a multiple of every type's numbers a block

Error fileError(const WeightSource& source, std::string what) {
  Error error;
  error.file = source.file->path();
  error.what = std::move(what);
  return error;
}

std::uint64_t totalBytes(const ParameterLayout& layout, const std::vector<WeightSource>& sources) {
  std::uint64_t bytes = 0;
  for (const Parameter& p : layout.parameters()) bytes += storedBytes(sources[p.index].type, p.size());
  return bytes;
}

/// Whether it can be used where it lies. A mapping begins on a page, so that the offset says what the address
/// will be.
bool canStay(const Parameter& parameter, const WeightSource& source) {
  return mayStayStored(parameter.role) && source.features == 0 &&
         source.offset % floatTypeInfo(source.type).alignment == 0;
}

/// The type that a parameter has in the model.
FloatType loadedType(const Parameter& parameter, const WeightSource& source) {
  return mayStayStored(parameter.role) ? source.type : FloatType::f32;
}

/// Bytes of a copy, rounded up so that the next one begins on a cache line.
std::uint64_t copiedBytes(const Parameter& parameter, const WeightSource& source) {
  return (storedBytes(loadedType(parameter, source), parameter.size()) + 63) / 64 * 64;
}

class WeightLoader {
 public:
  WeightLoader(const ModelConfig& config, const std::vector<WeightSource>& sources,
               const LoadProgress& progress, std::vector<std::string>& warnings)
      : m_config(config), m_layout(config), m_sources(sources), m_progress(progress), m_warnings(warnings) {}

  Result<std::unique_ptr<Model>> load(std::uint64_t inPlaceFrom) {
    DECODESCOPE_REQUIRE(m_sources.size() == m_layout.parameters().size());
    m_total = totalBytes(m_layout, m_sources);
    const bool inPlace = m_total >= inPlaceFrom;
    if (inPlace) mapFiles();
    std::uint64_t memory = 0;
    for (const Parameter& p : m_layout.parameters()) {
      const WeightSource& source = m_sources[p.index];
      if (!staysIn(p, source)) memory += copiedBytes(p, source);
    }
    try {
      m_copies = std::make_shared<AlignedBuffer>(static_cast<std::size_t>(memory / sizeof(float)));
    } catch (const std::bad_alloc&) {
      return fileError(m_sources.front(), "not enough memory for the weights");
    }
    m_weights.owners.push_back(m_copies);
    m_weights.parameters.resize(m_sources.size());
    for (const std::size_t index : byPlace()) DECODESCOPE_CHECK(loadOne(m_layout.parameters()[index]));
    for (const auto& [name, count] : m_notFinite) {
      m_warnings.push_back(name + ": " + std::to_string(count) +
                           (count == 1 ? " weight is" : " weights are") + " NaN or infinite");
    }
    for (const WeightSource& source : m_sources) DECODESCOPE_CHECK(source.file->checkUnchanged());
    auto model = std::make_unique<Model>(m_config, std::move(m_weights));
    DECODESCOPE_CHECK(model->checkFiles());
    return model;
  }

 private:
  /// Files that cannot be mapped are read.
  void mapFiles() {
    for (const Parameter& p : m_layout.parameters()) {
      const WeightSource& source = m_sources[p.index];
      if (!canStay(p, source) || m_mapped.contains(source.file)) continue;
      auto mapped = MappedFile::map(*source.file);
      if (!mapped.ok()) continue;
      m_mapped[source.file] = mapped.value();
      m_weights.files.push_back(std::move(mapped).value());
    }
  }

  bool staysIn(const Parameter& parameter, const WeightSource& source) const {
    return canStay(parameter, source) && m_mapped.contains(source.file);
  }

  /// In the order of the files' bytes: disks like it, and so do readers-ahead.
  std::vector<std::size_t> byPlace() const {
    std::vector<std::size_t> order(m_sources.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::map<const RegularFile*, std::size_t> rank;
    for (const WeightSource& source : m_sources) rank.try_emplace(source.file, rank.size());
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
      const WeightSource &a = m_sources[i], &b = m_sources[j];
      return a.file == b.file ? a.offset < b.offset : rank[a.file] < rank[b.file];
    });
    return order;
  }

  Result<void> loadOne(const Parameter& parameter) {
    const WeightSource& source = m_sources[parameter.index];
    const std::byte* data = nullptr;
    if (staysIn(parameter, source)) {
      data = m_mapped.at(source.file)->bytes().data() + source.offset;
      DECODESCOPE_CHECK(lookThrough(parameter, source, data));
    } else {
      std::byte* const to = reinterpret_cast<std::byte*>(m_copies->data()) + m_used;
      m_used += copiedBytes(parameter, source);
      data = to;
      DECODESCOPE_CHECK(source.features > 0 ? copyTransposed(parameter, source, to)
                                            : copy(parameter, source, to));
    }
    m_weights.parameters[parameter.index] =
        WeightSpan(data, loadedType(parameter, source), parameter.rows, parameter.cols);
    return {};
  }

  Result<void> lookThrough(const Parameter& parameter, const WeightSource& source, const std::byte* data) {
    const std::uint64_t chunk = numbersAChunk(source.type);
    for (std::uint64_t first = 0; first < parameter.size(); first += chunk) {
      const std::uint64_t count = std::min(chunk, parameter.size() - first);
      DECODESCOPE_CHECK(seen(source, data + storedBytes(source.type, first), count));
    }
    return {};
  }

  Result<void> copy(const Parameter& parameter, const WeightSource& source, std::byte* to) {
    const bool widened = loadedType(parameter, source) != source.type;
    const std::uint64_t chunk = numbersAChunk(source.type);
    for (std::uint64_t first = 0; first < parameter.size(); first += chunk) {
      const std::uint64_t count = std::min(chunk, parameter.size() - first);
      const std::uint64_t bytes = storedBytes(source.type, count);
      if (widened) m_scratch.resize(static_cast<std::size_t>(bytes));
      std::byte* const target = widened ? m_scratch.data() : to + storedBytes(source.type, first);
      DECODESCOPE_CHECK(source.file->readAt(source.offset + storedBytes(source.type, first),
                                            {target, static_cast<std::size_t>(bytes)}));
      DECODESCOPE_CHECK(seen(source, target, count));
      if (widened) {
        widenFloats(source.type, target,
                    {reinterpret_cast<float*>(to) + first, static_cast<std::size_t>(count)});
      }
    }
    return {};
  }

  /// (out, in) from `out` columns of (in, features), some rows of it at a time.
  Result<void> copyTransposed(const Parameter& parameter, const WeightSource& source, std::byte* to) {
    const auto out = static_cast<std::uint64_t>(parameter.rows),
               in = static_cast<std::uint64_t>(parameter.cols);
    const std::uint64_t size = floatTypeInfo(source.type).blockBytes;
    const std::uint64_t rows = std::clamp<std::uint64_t>(kChunkBytes / (out * size), 1, 64);
    m_scratch.resize(static_cast<std::size_t>(rows * out * size));
    for (std::uint64_t first = 0; first < in; first += rows) {
      const std::uint64_t count = std::min(rows, in - first);
      for (std::uint64_t r = 0; r < count; ++r) {
        DECODESCOPE_CHECK(
            source.file->readAt(source.offset + (first + r) * source.features * size,
                                {m_scratch.data() + r * out * size, static_cast<std::size_t>(out * size)}));
      }
      DECODESCOPE_CHECK(seen(source, m_scratch.data(), count * out));
      for (std::uint64_t o = 0; o < out; ++o) {
        for (std::uint64_t r = 0; r < count; ++r)
          std::memcpy(to + (o * in + first + r) * size, m_scratch.data() + (r * out + o) * size,
                      static_cast<std::size_t>(size));
      }
    }
    return {};
  }

  static std::uint64_t numbersAChunk(FloatType type) {
    return kChunkBytes / storedBytes(type, kBlock) * kBlock;
  }

  /// After each piece: counts, reports, and ends when that is wanted.
  Result<void> seen(const WeightSource& source, const std::byte* data, std::uint64_t count) {
    if (m_progress.stop.stop_requested()) return fileError(source, "cancelled");
    if (const std::uint64_t found = countNotFinite(source.type, data, count); found > 0) {
      const auto named = std::find_if(m_notFinite.begin(), m_notFinite.end(),
                                      [&](const auto& pair) { return pair.first == source.name; });
      if (named == m_notFinite.end()) {
        m_notFinite.emplace_back(source.name, found);
      } else {
        named->second += found;
      }
    }
    m_done += storedBytes(source.type, count);
    if (m_progress.report) m_progress.report(static_cast<double>(m_done) / static_cast<double>(m_total));
    return {};
  }

  const ModelConfig& m_config;
  ParameterLayout m_layout;
  const std::vector<WeightSource>& m_sources;
  const LoadProgress& m_progress;
  std::vector<std::string>& m_warnings;
  StoredWeights m_weights;
  std::map<const RegularFile*, std::shared_ptr<const MappedFile>> m_mapped;
  std::shared_ptr<AlignedBuffer> m_copies;
  std::uint64_t m_used = 0;
  std::vector<std::byte> m_scratch;
  std::vector<std::pair<std::string, std::uint64_t>> m_notFinite;
  std::uint64_t m_total = 0;
  std::uint64_t m_done = 0;
};

}  // namespace

WeightMemory weightMemoryOf(const ParameterLayout& layout, const std::vector<WeightSource>& sources) {
  WeightMemory memory;
  const bool inPlace = totalBytes(layout, sources) >= kInPlaceFrom;
  for (const Parameter& p : layout.parameters()) {
    const WeightSource& source = sources[p.index];
    const bool stays = inPlace && canStay(p, source);
    (stays ? memory.inPlace : memory.copied) +=
        stays ? storedBytes(source.type, p.size()) : copiedBytes(p, source);
  }
  return memory;
}

Result<std::unique_ptr<Model>> loadWeights(const ModelConfig& config,
                                           const std::vector<WeightSource>& sources,
                                           const LoadProgress& progress, std::vector<std::string>& warnings,
                                           std::uint64_t inPlaceFrom) {
  return WeightLoader(config, sources, progress, warnings).load(inPlaceFrom);
}

}  // namespace decodescope
