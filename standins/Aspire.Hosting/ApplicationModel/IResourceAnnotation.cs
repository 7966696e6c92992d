// Stands in for the package Aspire.Hosting 13.5.4.

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something said about a resource.</summary>
public interface IResourceAnnotation;
