// The three matrix products by Eigen, for the instruction set of the file that includes this.
// Everything is in that file's unnamed namespace, and the file renames Eigen's when its instructions are wider
// than the base line: no two objects then define the same inline function differently.

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const RowMajor, 0, Eigen::OuterStride<>>;
using MutableMap = Eigen::Map<RowMajor, 0, Eigen::OuterStride<>>;

ConstMap map(ConstMatrixSpan m) {
  return ConstMap(m.data, m.rows, m.cols, Eigen::OuterStride<>(m.stride));
}

MutableMap map(MatrixSpan m) {
  return MutableMap(m.data, m.rows, m.cols, Eigen::OuterStride<>(m.stride));
}

void gemmNT(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  if (accumulate) {
    map(c).noalias() += map(a) * map(b).transpose();
  } else {
    map(c).noalias() = map(a) * map(b).transpose();
  }
}

void gemmNN(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  if (accumulate) {
    map(c).noalias() += map(a) * map(b);
  } else {
    map(c).noalias() = map(a) * map(b);
  }
}

void gemmTN(ConstMatrixSpan a, ConstMatrixSpan b, MatrixSpan c, bool accumulate) {
  if (accumulate) {
    map(c).noalias() += map(a).transpose() * map(b);
  } else {
    map(c).noalias() = map(a).transpose() * map(b);
  }
}
