using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Health;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;
using Platform.Api.Visitors;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRequestLimits();
builder.AddDatabase();
builder.AddApiKeys();
builder.AddContacts();
builder.AddVisitors();
builder.AddApiDescription();

var app = builder.Build();
app.UseServiceDefaults();
app.UseApiKeys();
app.MapContacts();
app.MapVisitors();
app.MapHealth();
app.MapApiDescription();
app.MapDefaultEndpoints();
app.Run();
