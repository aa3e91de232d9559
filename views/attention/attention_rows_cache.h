#pragma once

#include "core/attention/attention_rows.h"
#include "core/attention/gathered_keys.h"
#include "core/decode/run_snapshot.h"
#include "views/heatmap.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

namespace decodescope {

/// Attention rows derived for one run, kept between frames: a step derives its new rows only, as causal rows
/// never change later. Whole rows are kept of a few heads; of all others their extents, and samples for
/// thumbnails.
class AttentionRowsCache {
 public:
  /// What is shown from now on: the traces of a run as the shown step saw them. Forgets what was derived from
  /// another run, and from an unmasked run at another step, whose rows change.
  void follow(const RunSnapshotPtr& run, std::span<const PositionTracePtr> positions);

  bool causal() const { return m_causal; }
  int tokens() const { return static_cast<int>(m_positions.size()); }
  /// Keys that the query sees.
  int visible(int query) const { return m_causal ? query + 1 : tokens(); }

  struct HeadRows {
    /// One a query; empty where a needed trace is not stored. Weights: the visible keys. Scores: all keys,
    /// later ones too, which a causal run never computes. NaN where a what-if strikes the key out. May be
    /// longer than the shown step has tokens.
    std::vector<std::vector<float>> rows;
    std::vector<float> max;  ///< largest magnitude among the visible keys
  };
  /// All rows of a head. Stays valid until two more heads were asked for.
  const HeadRows& rows(LayerIndex layer, HeadIndex head, ScoreStage stage);

  /// One query's visible cells, without deriving the others; empty where a needed trace is not stored.
  std::vector<float> row(LayerIndex layer, HeadIndex head, ScoreStage stage, int query);
  /// One cell, also where no rows were derived; nothing where a needed trace is not stored.
  std::optional<float> value(LayerIndex layer, HeadIndex head, ScoreStage stage, int query, int key);

  /// Largest magnitudes among a head's visible cells: of scaled scores and of weights. `rest`: without the
  /// first key. The first query's weight, always 1, is left out.
  struct Extent {
    float score = 0, scoreRest = 0, weight = 0, weightRest = 0;
  };
  Extent extent(LayerIndex layer, HeadIndex head);

  /// A head's visible cells in at most about maxBins rows and columns. With more tokens every f-th query
  /// stands for f of them, and the largest magnitude for f keys each. f is thumbnailFactor().
  HeatmapRows thumbnail(LayerIndex layer, HeadIndex head, ScoreStage stage, int maxBins, bool withoutFirst);
  int thumbnailFactor(int maxBins) const;

  /// Rows derived since construction, for tests.
  std::uint64_t derivedRows() const { return m_derivedRows; }

 private:
  struct Thumbnail {
    std::vector<std::vector<float>> rows;  ///< of whole bins
    std::vector<float> max;
    int tailTokens = 0;  ///< T that the row of the last, partial bin was made for
    std::vector<float> tail;
    float tailMax = 0;
  };
  const PositionTrace* trace(int position) const {
    return m_positions[static_cast<std::size_t>(position)].get();
  }
  const GatheredKeys& keys(LayerIndex layer, HeadIndex head);
  void extendRow(const GatheredKeys& keys, LayerIndex layer, HeadIndex head, int query, float scale,
                 std::vector<float>& row) const;
  void hideStruck(LayerIndex layer, HeadIndex head, int query, std::span<float> row) const;
  std::vector<float> pooledRow(LayerIndex layer, HeadIndex head, int query, ScoreStage stage, int factor,
                               bool withoutFirst);
  void forget();

  RunSnapshotPtr m_run;
  std::span<const PositionTracePtr> m_positions;
  bool m_causal = true;
  std::weak_ptr<const PositionTrace> m_firstUnmasked;
  int m_unmaskedTokens = 0;

  using RowsKey = std::tuple<int, int, ScoreStage>;
  struct KeptRows {
    RowsKey key;
    std::unique_ptr<HeadRows> rows;
  };
  std::vector<KeptRows> m_rows;  ///< the ones used last stand last
  LayerIndex m_keysLayer{-1};
  std::map<int, GatheredKeys> m_keys;                            ///< of one layer, by key/value head
  std::map<std::pair<int, int>, std::vector<Extent>> m_extents;  ///< of rows 0 … q
  std::map<std::tuple<int, int, ScoreStage, int, bool>, Thumbnail> m_thumbnails;
  std::size_t m_thumbnailFloats = 0;
  std::uint64_t m_derivedRows = 0;
};

/// Whether the stored rows were computed under the causal mask: not so in a what-if run without one.
bool hasCausalMask(std::span<const PositionTracePtr> positions);

}  // namespace decodescope
