#pragma once

#include "core/cost/attention_traffic.h"
#include "core/cost/published_models.h"
#include "views/shown_run.h"
#include "views/view.h"

#include <optional>
#include <vector>

namespace decodescope {

/// What is asked. Numbers that are 0 are as the model, its run or the processor has them.
struct MemorySettings {
  QString model;  ///< a published model's id, or "this"
  int batch = 1;
  double context = 0;
  int bytes = 0;
  bool alongBatch = false;
  QString accelerator;
  double teraFlops = 0;
  double gigabytes = 0;
};

/// Cache sizes and memory traffic of a decoder, in closed formulas: no run is involved but for its sizes.
class MemoryModel {
 public:
  /// One kind of attention for the chosen decoder.
  struct KindOfCache {
    QString name;  ///< "GQA, G = 8"
    CacheShape shape;
    bool isOwn = false;  ///< the decoder's own
  };
  /// Where a kind stands on the roofline.
  struct RooflinePoint {
    QString name;
    CacheShape shape;
    double newTokens = 1;  ///< of each sequence
    AttentionTraffic traffic;
    double intensity = 0;  ///< operations a byte
    double rate = 0;       ///< operations a second that the roofline allows
    double tokens = 0;     ///< a second
    double ratio = 0;      ///< Shazeer's, memory over arithmetic; NaN where he gives none
    QString ratioText;     ///< the formula with its numbers
    bool isMemoryBound = false;
  };

  void present(const ShownRun& shown, const MemorySettings& settings);

  const MemorySettings& settings() const { return m_settings; }
  QString name() const { return m_name; }
  QString source() const { return m_source; }
  /// "" or what must be known: the lecture's example stands in for a model that is not open.
  QString note() const { return m_note; }
  const CacheShape& shape() const { return m_shape; }
  double batch() const { return m_settings.batch; }
  std::uint64_t context() const { return m_context; }
  int bytesPerNumber() const { return m_bytes; }
  const std::vector<KindOfCache>& kinds() const { return m_kinds; }

  std::uint64_t bytesOf(const KindOfCache& kind, std::uint64_t batch, std::uint64_t context) const;
  std::uint64_t bytesOf(const KindOfCache& kind) const;
  /// "180,388,626,432 bytes = 48 layers · batch 128 · …".
  QString formula(const KindOfCache& kind) const;
  /// The same as an expression of its letters.
  Explanation bytesExplained(const KindOfCache& kind, std::uint64_t batch, std::uint64_t context) const;
  static Explanation bytesExplained(const PublishedModel& model, const MemorySettings& settings);
  /// The tokens a second of a point.
  Explanation rateExplained(const RooflinePoint& point) const;
  /// The same for every published model at its own context, or the chosen one.
  static std::uint64_t bytesOf(const PublishedModel& model, const MemorySettings& settings);

  const Accelerator& accelerator() const;
  double operationsPerSecond() const;
  double bytesPerSecond() const;
  std::vector<RooflinePoint> rooflinePoints() const;

  QStringList facts() const;
  std::vector<NamedTable> sizeTables() const;
  std::vector<NamedTable> modelTables() const;
  std::vector<NamedTable> rooflineTables() const;

 private:
  void makeKinds();

  MemorySettings m_settings;
  QString m_name, m_source, m_note;
  CacheShape m_shape;
  std::uint64_t m_context = 1;
  int m_bytes = 2;
  bool m_isThis = false;
  std::vector<KindOfCache> m_kinds;
};

/// Bytes in words: "180.4 GB" (powers of 1000).
QString sizeText(double bytes);

}  // namespace decodescope
