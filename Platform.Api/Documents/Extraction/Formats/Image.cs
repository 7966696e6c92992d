using System.Globalization;
using System.Text;
using MetadataExtractor;
using MetadataExtractor.Formats.Bmp;
using MetadataExtractor.Formats.Exif;
using MetadataExtractor.Formats.Gif;
using MetadataExtractor.Formats.Jpeg;
using MetadataExtractor.Formats.Png;
using MetadataExtractor.Formats.WebP;
using MetadataExtractor.Util;
using Platform.Api.Documents.Extraction.Worker;
using ImageType = MetadataExtractor.Util.FileType;

namespace Platform.Api.Documents.Extraction.Formats;

/// <summary>
/// Pictures: what they say of themselves, and the letters in them where tesseract is installed. Where a picture was taken is left out: it
/// is personal, and nobody asked for it.
/// </summary>
internal static class Image
{
    /// <summary>Pixels that are looked at for letters; a scanned page at 600 dots an inch has 35 million.</summary>
    private const long MaxPixels = 50_000_000;

    private const int MaxTextBytes = 4 * 1024 * 1024;

    private static readonly (int Megabytes, int Seconds) Limits = (1536, 22);

    /// <summary>Tags with the size of the picture, the smaller one of a thumbnail never before that of the picture.</summary>
    private static readonly (Type Directory, int Width, int Height)[] Sizes =
    [
        (typeof(PngDirectory), PngDirectory.TagImageWidth, PngDirectory.TagImageHeight),
        (typeof(JpegDirectory), JpegDirectory.TagImageWidth, JpegDirectory.TagImageHeight),
        (typeof(GifHeaderDirectory), GifHeaderDirectory.TagImageWidth, GifHeaderDirectory.TagImageHeight),
        (typeof(BmpHeaderDirectory), BmpHeaderDirectory.TagImageWidth, BmpHeaderDirectory.TagImageHeight),
        (typeof(WebPDirectory), WebPDirectory.TagImageWidth, WebPDirectory.TagImageHeight),
        (typeof(ExifIfd0Directory), ExifDirectoryBase.TagImageWidth, ExifDirectoryBase.TagImageHeight),
    ];

    public static void Read(string path, ExtractedDocument document)
    {
        var (width, height) = Describe(path, document);
        if (ExternalProgram.Find("tesseract") is not { } program)
        {
            document.Note = "Text in pictures needs tesseract (tesseract-ocr), which is not installed.";
        }
        else if ((long)width * height > MaxPixels)
        {
            document.Note = string.Create(
                CultureInfo.InvariantCulture, $"The picture is too large ({width} x {height} pixels) to look for text in it.");
        }
        else
        {
            var result = ExternalProgram.Run(program, [path, "stdout", "-l", document.OcrLanguages], Limits, MaxTextBytes);
            if (result.ExitCode == 0 || result.IsCut)
            {
                document.Append(Encoding.UTF8.GetString(result.Output));
            }
            else
            {
                document.Note = result.IsTooLate ? "Looking for text in the picture took too long." : "Text in the picture could not be looked for.";
            }
        }
    }

    private static (int Width, int Height) Describe(string path, ExtractedDocument document)
    {
        using var file = File.OpenRead(path);
        var type = FileTypeDetector.DetectFileType(file);
        if (type is not (ImageType.Png or ImageType.Jpeg or ImageType.Gif or ImageType.Bmp or ImageType.WebP or ImageType.Tiff))
        {
            throw new UnreadableDocumentException("The file is not a picture.");
        }

        file.Position = 0;
        var directories = ImageMetadataReader.ReadMetadata(file);
        document.Describe("type", type.GetName());
        int width = 0, height = 0;
        foreach (var (kind, widthTag, heightTag) in Sizes)
        {
            if (directories.FirstOrDefault(kind.IsInstanceOfType) is { } directory
                && directory.TryGetInt32(widthTag, out width) && directory.TryGetInt32(heightTag, out height))
            {
                break;
            }
        }

        if (width <= 0 || height <= 0)
        {
            throw new UnreadableDocumentException("The picture is broken: it has no size.");
        }

        document.Describe("width", width);
        document.Describe("height", height);
        var main = directories.OfType<ExifIfd0Directory>().FirstOrDefault();
        document.Describe("camera_make", main?.GetString(ExifDirectoryBase.TagMake));
        document.Describe("camera_model", main?.GetString(ExifDirectoryBase.TagModel));
        document.Describe("description", main?.GetString(ExifDirectoryBase.TagImageDescription));
        document.Describe("taken", directories.OfType<ExifSubIfdDirectory>().FirstOrDefault()?.GetString(ExifDirectoryBase.TagDateTimeOriginal)
            ?? main?.GetString(ExifDirectoryBase.TagDateTime));
        return (width, height);
    }
}
