#include "core/formats/model_outline.h"

#include "core/model/parameter_layout.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace decodescope {

void StoredTypes::add(std::string_view type, std::uint64_t bytes) {
  const auto row = std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& r) { return r.type == type; });
  if (row == m_rows.end()) {
    m_rows.push_back({std::string(type), bytes});
  } else {
    row->bytes += bytes;
  }
}

std::uint64_t StoredTypes::bytes() const {
  std::uint64_t sum = 0;
  for (const Row& row : m_rows) sum += row.bytes;
  return sum;
}

std::string StoredTypes::shown() const {
  std::vector<Row> rows = m_rows;
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.bytes > b.bytes; });
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i)
    text += (i == 0 ? "" : i + 1 == rows.size() ? " and " : ", ") + rows[i].type;
  return text;
}

Result<void> announce(const LoadProgress& progress, const LoadedModel& loaded, const ModelConfig& config,
                      const StoredTypes& types, const std::vector<WeightSource>& sources) {
  if (!progress.outlined) return {};
  ModelOutline outline;
  outline.name = loaded.name;
  outline.path = loaded.path;
  outline.format = loaded.format;
  outline.config = config;
  const ParameterLayout layout(config);
  outline.parameters = layout.parameterCount();
  outline.storedAs = types.shown();
  outline.fileBytes = types.bytes();
  const WeightMemory memory = weightMemoryOf(layout, sources);
  outline.memoryBytes = memory.copied;
  outline.mappedBytes = memory.inPlace;
  return progress.outlined(outline);
}

Result<ModelOutline> outlineModel(const std::string& path, std::stop_token stop) {
  std::optional<ModelOutline> found;
  LoadProgress progress;
  progress.stop = std::move(stop);
  progress.outlined = [&](const ModelOutline& outline) -> Result<void> {
    found = outline;
    return Error{.file = path, .what = "no more than its outline was asked for"};
  };
  Result<LoadedModelPtr> loaded = loadModel(path, progress);
  if (found) return *std::move(found);
  DECODESCOPE_REQUIRE(!loaded.ok());
  return std::move(loaded).error();
}

}  // namespace decodescope
