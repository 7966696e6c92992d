namespace Platform.AppHost.Topology;

/// <summary>What the graph is lowered to. The services know nothing of it: they see connection strings and options.</summary>
internal enum PlatformTopology
{
    /// <summary>Processes of this machine: a private PostgreSQL, files, PostgreSQL's full-text search, maildev. Nothing to install.</summary>
    Embedded,

    /// <summary>Containers: PostgreSQL, MinIO, Meilisearch and what belongs to them. What is published is always this.</summary>
    Containers,
}
