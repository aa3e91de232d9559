#pragma once

#include "views/attention/attention_page.h"
#include "views/kept_image.h"

#include <QRectF>

#include <vector>

namespace decodescope {

/// Small pictures of heads, kept as one image.
class Thumbnails {
 public:
  struct Item {
    LayerIndex layer;
    HeadIndex head;
    QRectF square;
    ColorScale scale;
  };
  /// Fills the squares. `background` is what stands between them inside `bounds`, drawn by `behind`.
  void paint(QPainter& painter, const Theme& theme, const AttentionModel& model, const QRectF& bounds,
             const std::vector<Item>& items, const std::function<void(QPainter&)>& behind);

 private:
  struct Key {
    AttentionPictureKey picture;
    std::size_t items = 0;
    QRectF first, last;
    friend bool operator==(const Key&, const Key&) = default;
  };
  KeptImage<Key> m_kept;
};

/// A head's number, with a dot where the model's card knows what the head does.
void drawHeadNumber(QPainter& painter, const Theme& theme, const AttentionModel& model, LayerIndex layer,
                    HeadIndex head, const QRectF& box, Qt::Alignment alignment);

}  // namespace decodescope
