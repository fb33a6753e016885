//! The part of the faulty server that runs actions: it sends what the test prepared.

use std::pin::Pin;

use bazel_remote_apis::build::bazel::remote::execution::v2;
use bazel_remote_apis::google::longrunning::operations_server::{Operations, OperationsServer};
use bazel_remote_apis::google::longrunning::{
    CancelOperationRequest, DeleteOperationRequest, GetOperationRequest, ListOperationsRequest, ListOperationsResponse,
    Operation, WaitOperationRequest, operation,
};
use bazel_remote_apis::google::protobuf::{Any, Empty};
use prost::Message as _;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};

use crate::server::Service;

pub(crate) fn server(service: &Service) -> OperationsServer<Service> {
    OperationsServer::new(service.clone())
}

/// The action is in this stage.
pub(crate) fn stage(stage: v2::execution_stage::Value) -> Operation {
    stage_with_log(stage, "")
}

/// The action is in this stage, and its output can be read there.
pub(crate) fn stage_with_log(stage: v2::execution_stage::Value, log: &str) -> Operation {
    let metadata = v2::ExecuteOperationMetadata {
        stage: stage as i32,
        stdout_stream_name: log.to_owned(),
        ..v2::ExecuteOperationMetadata::default()
    };
    let any = Any { type_url: String::new(), value: metadata.encode_to_vec() };
    Operation { name: "operations/1".to_owned(), metadata: Some(any), done: false, result: None }
}

/// The action ended.
pub(crate) fn ended(response: &v2::ExecuteResponse) -> Operation {
    let any = Any { type_url: String::new(), value: response.encode_to_vec() };
    Operation {
        name: "operations/1".to_owned(),
        metadata: None,
        done: true,
        result: Some(operation::Result::Response(any)),
    }
}

impl Service {
    /// What the test prepared; then nothing more comes.
    fn next(&self) -> <Self as v2::execution_server::Execution>::ExecuteStream {
        let mut executions = self.0.executions.lock().unwrap();
        let prepared = if executions.is_empty() { Vec::new() } else { executions.remove(0) };
        let is_over = prepared.last().is_some_and(|last| last.as_ref().map_or(true, |operation| operation.done));
        let prepared = tokio_stream::iter(prepared);
        if is_over { Box::pin(prepared) } else { Box::pin(prepared.chain(tokio_stream::pending())) }
    }
}

#[tonic::async_trait]
impl v2::execution_server::Execution for Service {
    type ExecuteStream = Pin<Box<dyn Stream<Item = Result<Operation, Status>> + Send>>;
    type WaitExecutionStream = Self::ExecuteStream;

    async fn execute(&self, request: Request<v2::ExecuteRequest>) -> Result<Response<Self::ExecuteStream>, Status> {
        self.enter("Execute", request).await?;
        Ok(Response::new(self.next()))
    }

    async fn wait_execution(
        &self,
        request: Request<v2::WaitExecutionRequest>,
    ) -> Result<Response<Self::ExecuteStream>, Status> {
        self.enter("WaitExecution", request).await?;
        Ok(Response::new(self.next()))
    }
}

#[tonic::async_trait]
impl Operations for Service {
    async fn list_operations(
        &self,
        _: Request<ListOperationsRequest>,
    ) -> Result<Response<ListOperationsResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn get_operation(&self, _: Request<GetOperationRequest>) -> Result<Response<Operation>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn delete_operation(&self, _: Request<DeleteOperationRequest>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn cancel_operation(&self, request: Request<CancelOperationRequest>) -> Result<Response<Empty>, Status> {
        self.enter("CancelOperation", request).await?;
        Ok(Response::new(Empty {}))
    }

    async fn wait_operation(&self, _: Request<WaitOperationRequest>) -> Result<Response<Operation>, Status> {
        Err(Status::unimplemented("not used"))
    }
}
