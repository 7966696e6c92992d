using Platform.Api.Administration;
using Platform.Api.Analytics;
using Platform.Api.Audit;
using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Documents;
using Platform.Api.Documents.Extraction;
using Platform.Api.Documents.Extraction.Worker;
using Platform.Api.Documents.Processing;
using Platform.Api.Health;
using Platform.Api.Idempotency;
using Platform.Api.Notifications;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Search;
using Platform.Api.Security;
using Platform.Api.Storage;
using Platform.Api.Visitors;

if (args is [ExtractionWorker.Argument])
{
    ExtractionWorker.Run();
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRequestLimits();
builder.AddDatabase();
builder.AddApiKeys();
builder.AddAudit();
builder.AddIdempotency();
builder.AddContacts();
builder.AddNotifications();
builder.AddVisitors();
builder.AddObjectStore();
builder.AddSearch();
builder.AddDocuments();
builder.AddExtraction();
builder.AddProcessing();
builder.AddAnalytics();
builder.AddApiDescription();

var app = builder.Build();
app.UseServiceDefaults();
app.UseApiKeys();
app.MapContacts();
app.MapVisitors();
app.MapDocuments();
app.MapSearch();
app.MapTasks();
app.MapAnalytics();
app.MapApiKeys();
app.MapAudit();
app.MapAdministration();
app.MapHealth();
app.MapApiDescription();
app.MapDefaultEndpoints();
app.Run();
