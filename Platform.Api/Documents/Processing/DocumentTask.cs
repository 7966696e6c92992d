using System.Diagnostics;
using System.Text.Json.Serialization;

namespace Platform.Api.Documents.Processing;

/// <summary>A task that this instance holds the lease of.</summary>
/// <param name="Attempts">With this one.</param>
/// <param name="TraceParent">The trace that asked for it (W3C Trace Context).</param>
/// <param name="LastError">Why it was put back the last time; null when it was not.</param>
internal sealed record DocumentTask(
    long Id, string Kind, Guid? DocumentId, Guid Lease, int Attempts, TaskProgress Progress, string RequestedBy, string? TraceParent,
    string? LastError)
{
    /// <summary>Reads, understands, indexes and reports a document.</summary>
    public const string Process = "process";

    /// <summary>Brings the index in line with the document, which has changed.</summary>
    public const string Index = "index";

    /// <summary>Brings the index in line with a document that has gone to the trash or for good.</summary>
    public const string Unindex = "unindex";

    /// <summary>Builds the index anew from all documents.</summary>
    public const string Reindex = "reindex";

    public static IReadOnlyList<string> Kinds { get; } = [Process, Index, Unindex, Reindex];
    public static IReadOnlyList<string> States { get; } = ["queued", "running", "completed", "failed"];

    /// <summary>A span in the trace of whoever asked for the task, else in a trace of its own.</summary>
    public Activity? StartSpan() => Telemetry.Source
        .StartActivity(
            $"document.{Kind}",
            ActivityKind.Consumer,
            ActivityContext.TryParse(TraceParent, traceState: null, isRemote: true, out var parent) ? parent : default)
        ?.SetTag("document.task.id", Id)
        .SetTag("document.task.attempt", Attempts)
        .SetTag("document.id", DocumentId?.ToString());
}

/// <summary>How far a task has come, so that whoever takes it next goes on from there.</summary>
/// <param name="IsExtracted">Text and analysis are in the database.</param>
/// <param name="Cursor">The last document that a rebuild has put into the new index.</param>
/// <param name="Documents">How many it has put there.</param>
/// <param name="Since">When the rebuild began.</param>
internal sealed record TaskProgress(bool IsExtracted = false, Guid? Cursor = null, long Documents = 0, DateTime? Since = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(TaskProgress))]
internal sealed partial class TaskProgressJson : JsonSerializerContext;

/// <summary>The task is somebody else's by now: its lease has passed. What was done for it is given up.</summary>
internal sealed class LeaseLostException() : Exception("The lease of the task has passed.");
