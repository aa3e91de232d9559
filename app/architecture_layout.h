#pragma once

#include "core/trace/site.h"
#include "views/theme.h"

#include <QLineF>
#include <QRectF>
#include <QString>

#include <vector>

namespace decodescope {

/// One operation in the map.
struct MapNode {
  enum class Kind {
    block,
    add,     ///< a sum on the residual stream
    sample,  ///< the pick after the logits; its site is logits
  };
  enum class Tint { none, query, key, value };

  Kind kind = Kind::block;
  Site site = Site::logits;
  Tint tint = Tint::none;
  QString label;
  QString shape;  ///< in numbers, "(9, 8, 16)"
  QRectF box;
};

/// Where everything of the map lies. One layer stands for all L of them.
struct ArchitectureLayout {
  std::vector<MapNode> nodes;  ///< in the order of computation
  std::vector<QLineF> lines;   ///< what flows; the last of a chain ends in an arrow where `arrows` says so
  std::vector<QLineF> arrows;
  double streamX = 0;
  std::vector<QLineF> stream;  ///< the residual stream, from top to bottom
  QRectF layerFrame;           ///< around the rows of one layer; its header is on top
  double headerHeight = 0;
  double height = 0;  ///< what the map needs at least

  /// The node that stands for the site, or −1.
  int find(Site site) const;
};

/// What an operation is called in the map: "q_proj", "RoPE q", "softmax" …
QString operationLabel(Site site, const ModelConfig& config);

/// A site's shape in numbers for T = tokens: "(9, 8, 16)".
QString shapeInNumbers(Site site, const ModelConfig& config, int tokens);

/// The map of the configuration's sites for a sequence of `tokens`, in an area `width` wide and at least
/// `height` high.
ArchitectureLayout layoutArchitecture(const ModelConfig& config, int tokens, double width, double height,
                                      const Theme& theme);

}  // namespace decodescope
