// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Where a project of the graph is.</summary>
public interface IProjectMetadata : IResourceAnnotation
{
    /// <summary>The full path of the project file.</summary>
    string ProjectPath { get; }

    /// <summary>Whether the project is built already when the AppHost runs.</summary>
    bool SuppressBuild => false;
}
