#pragma once

#include "core/base/ids.h"
#include "core/tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace decodescope {

/// One row of a batch: after tokens[0 … t] the model is asked for targets[t]; kNoTarget asks for nothing.
struct TrainingSequence {
  std::vector<TokenId> tokens;
  std::vector<TokenId> targets;
};

/// Where a training's sequences come from. Pure: the same (step, index) gives the same sequence on every
/// machine and in any order, so a training that is resumed sees what it would have seen. Used from several
/// threads at once.
class TrainingData {
 public:
  virtual ~TrainingData() = default;

  /// Sequences of a step, counted from 0; at least 1.
  virtual int sequences(int step) const = 0;
  /// Tokens of the longest sequence.
  virtual int maxRows() const = 0;
  virtual TrainingSequence sequence(int step, int index) const = 0;
};

/// Whole sentences, one a sequence, all of them in every step. Each gets what the tokenizer's post-processor
/// adds, and ends with `end` where there is one.
class SentenceData : public TrainingData {
 public:
  static Result<std::unique_ptr<SentenceData>> make(const Tokenizer& tokenizer,
                                                    const std::vector<std::string>& sentences,
                                                    std::optional<TokenId> end);

  int sequences(int) const override { return static_cast<int>(m_sequences.size()); }
  int maxRows() const override { return m_maxRows; }
  TrainingSequence sequence(int, int index) const override {
    return m_sequences[static_cast<std::size_t>(index)];
  }

 private:
  std::vector<TrainingSequence> m_sequences;
  int m_maxRows = 0;
};

/// Tales without end (core/train/tales.h), packed: start token, tale, end token, start token, tale … cut at
/// the sequence's length. Three steps of four are made of short sequences, the fourth of half as many that
/// are twice as long, so that every position of the context is trained and most steps are cheap. No tale is
/// seen twice.
class TalesData : public TrainingData {
 public:
  struct Settings {
    std::uint64_t seed = 1;
    int shortRows = 256;
    int shortSequences = 8;
  };
  TalesData(std::shared_ptr<const Tokenizer> tokenizer, TokenId end, Settings settings);

  int sequences(int step) const override;
  int maxRows() const override { return 2 * m_settings.shortRows; }
  TrainingSequence sequence(int step, int index) const override;

 private:
  bool isLong(int step) const { return step % 4 == 3; }

  std::shared_ptr<const Tokenizer> m_tokenizer;
  TokenId m_end;
  Settings m_settings;
};

}  // namespace decodescope
