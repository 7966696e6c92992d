using System.ComponentModel.DataAnnotations;

namespace Platform.Api.Documents.Extraction;

/// <summary>The section <c>Extraction</c> of the configuration.</summary>
internal sealed class ExtractionOptions
{
    public const string Section = "Extraction";

    /// <summary>Documents that are read at the same time, each in a process of its own.</summary>
    [Range(1, 64)]
    public int Workers { get; set; } = 2;

    /// <summary>Seconds that reading one document may take before it is given up.</summary>
    [Range(1, 600)]
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>MiB that a worker's objects may take before its document is given up.</summary>
    [Range(64, 4096)]
    public int MemoryMegabytes { get; set; } = 384;

    /// <summary>Seconds after which a worker with nothing to do ends. One stays, so that the next document does not wait.</summary>
    [Range(1, 3600)]
    public int IdleSeconds { get; set; } = 60;

    /// <summary>The languages whose letters are looked for in images, as tesseract names them: <c>eng+deu</c>.</summary>
    [RegularExpression("^[A-Za-z_]{1,16}([+][A-Za-z_]{1,16}){0,9}$")]
    public string OcrLanguages { get; set; } = "eng";
}
