#include "core/train/training_data.h"

#include "core/train/backward.h"
#include "core/train/tales.h"

#include <algorithm>

namespace decodescope {
namespace {

/// More tales than a sequence of 512 tokens can hold, so that no two sequences share one.
constexpr std::uint64_t kTalesPerSequence = 16;
constexpr std::uint64_t kSequencesPerStep = 64;

TrainingSequence shifted(const std::vector<TokenId>& ids) {
  return {{ids.begin(), ids.end() - 1}, {ids.begin() + 1, ids.end()}};
}

}  // namespace

Result<std::unique_ptr<SentenceData>> SentenceData::make(const Tokenizer& tokenizer,
                                                         const std::vector<std::string>& sentences,
                                                         std::optional<TokenId> end) {
  auto data = std::make_unique<SentenceData>();
  for (const std::string& sentence : sentences) {
    DECODESCOPE_TRY(std::vector<TokenId> ids, tokenizer.encode(sentence));
    if (end) ids.push_back(*end);
    DECODESCOPE_REQUIRE(ids.size() >= 2);
    data->m_sequences.push_back(shifted(ids));
    data->m_maxRows = std::max(data->m_maxRows, static_cast<int>(ids.size()) - 1);
  }
  return data;
}

TalesData::TalesData(std::shared_ptr<const Tokenizer> tokenizer, TokenId end, Settings settings)
    : m_tokenizer(std::move(tokenizer)), m_end(end), m_settings(settings) {
  DECODESCOPE_REQUIRE(settings.shortSequences >= 2 && settings.shortSequences % 2 == 0 &&
                      static_cast<std::uint64_t>(settings.shortSequences) <= kSequencesPerStep);
}

int TalesData::sequences(int step) const {
  return isLong(step) ? m_settings.shortSequences / 2 : m_settings.shortSequences;
}

TrainingSequence TalesData::sequence(int step, int index) const {
  const std::size_t length = static_cast<std::size_t>(isLong(step) ? maxRows() : m_settings.shortRows) + 1;
  const std::uint64_t number =
      static_cast<std::uint64_t>(step) * kSequencesPerStep + static_cast<std::uint64_t>(index);
  std::vector<TokenId> ids;
  for (std::uint64_t tale = number * kTalesPerSequence; ids.size() < length; ++tale) {
    const Result<std::vector<TokenId>> encoded = m_tokenizer->encode(makeTale(m_settings.seed, tale).text);
    DECODESCOPE_REQUIRE(encoded.ok());  // plain ASCII, and byte fallback takes anything
    ids.insert(ids.end(), encoded.value().begin(), encoded.value().end());
    ids.push_back(m_end);
  }
  ids.resize(length);
  return shifted(ids);
}

}  // namespace decodescope
