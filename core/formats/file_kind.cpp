#include "core/formats/file_kind.h"

#include "core/base/file_bytes.h"

#include <algorithm>
#include <span>

namespace decodescope {
namespace {

struct StartRow {
  std::string_view start;
  std::string_view title;
};

using namespace std::string_view_literals;

constexpr std::string_view kText = "text";

constexpr StartRow kStarts[] = {
    {"GGUF"sv, "a GGUF file"},
    {"FUGG"sv, "a big-endian GGUF file"},
    {"lmgg"sv, "a ggml file from before GGUF"},
    {"fmgg"sv, "a ggml file from before GGUF"},
    {"tjgg"sv, "a ggml file from before GGUF"},
    {"24ka"sv, "a llama2.c checkpoint"},
    {"PK\x03\x04"sv, "a zip archive, as PyTorch writes"},
    {"\x80\x02"sv, "a Python pickle"},
    {"\x80\x03"sv, "a Python pickle"},
    {"\x80\x04"sv, "a Python pickle"},
    {"\x80\x05"sv, "a Python pickle"},
    {"\x89HDF"sv, "an HDF5 file"},
    {"\x93NUMPY"sv, "a NumPy array"},
    {"\x1f\x8b"sv, "a gzip archive"},
    {"\x28\xb5\x2f\xfd"sv, "a zstd archive"},
    {"\xfd\x37zXZ"sv, "an xz archive"},
    {"7z\xbc\xaf"sv, "a 7z archive"},
    {"\x7f"
     "ELF"sv,
     "a program"},
    {"%PDF"sv, "a PDF"},
    {"version https://git-lfs"sv, "a Git LFS pointer, not the file it stands for"},
    {"<!DOCTYPE"sv, "an HTML page"},
    {"<!doctype"sv, "an HTML page"},
    {"<html"sv, "an HTML page"},
    {"<HTML"sv, "an HTML page"},
};

}  // namespace

std::string fileStart(const std::string& path, std::size_t most) {
  const auto file = RegularFile::open(path);
  if (!file.ok()) return {};
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, file.value().size())), '\0');
  if (!file.value().readAt(0, std::as_writable_bytes(std::span<char>(bytes))).ok()) return {};
  return bytes;
}

std::string describeWrongText(std::string_view start) {
  std::string kind = describeStart(start.substr(0, 64));
  return kind == kText ? std::string() : kind;
}

std::string describeStart(std::string_view start) {
  for (const StartRow& row : kStarts) {
    if (start.starts_with(row.start)) return std::string(row.title);
  }
  if (start.size() > 8 && start[8] == '{' && start.substr(4, 4) == "\0\0\0\0"sv) return "a safetensors file";
  const auto isText = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : byte == '\n' || byte == '\r' || byte == '\t';
  };
  if (!start.empty() && std::all_of(start.begin(), start.end(), isText)) return std::string(kText);
  return {};
}

}  // namespace decodescope
